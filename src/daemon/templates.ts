import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Provider } from '../providers/contract.ts'
import { AgentName } from '../schema/agent-name.ts'
import { DroverError } from '../schema/error.ts'
import { Template, type TemplateSummary } from '../schema/template.ts'
import { parseYaml } from './load-config.ts'

const builtInFolder = fileURLToPath(new URL('../../templates', import.meta.url))

export interface FoundTemplate {
  template: Template
  source: TemplateSummary['source']
  path: string | null
  /** The file as written; for a provider, the template it stands for. */
  text: string
}

/** Templates by name: files of the home, then built-in ones, then each provider by itself. */
export class Templates {
  readonly #homeFolder: string
  readonly #providers: ReadonlyMap<string, Provider>

  constructor(homeFolder: string, providers: ReadonlyMap<string, Provider>) {
    this.#homeFolder = homeFolder
    this.#providers = providers
  }

  /** Errors: `template_not_found`, `invalid_template` naming file, line and field. */
  get(name: string): FoundTemplate {
    const file = this.#find(name)
    if (file) {
      const text = readFileSync(file.path, 'utf8')
      const template = parseYaml(text, {
        file: file.path,
        schema: Template,
        code: 'invalid_template',
        defaults: { name },
      })
      if (!this.#providers.has(template.provider)) {
        throw new DroverError(
          'invalid_template',
          `${file.path}: provider: there is no provider ${JSON.stringify(template.provider)}.`,
          {
            details: { field: 'provider', file: file.path },
          },
        )
      }
      return { template, source: file.source, path: file.path, text }
    }
    if (this.#providers.has(name)) {
      return {
        template: Template.parse({ name, provider: name }),
        source: 'provider',
        path: null,
        text: `provider: ${name}\n`,
      }
    }
    throw new DroverError(
      'template_not_found',
      `template: there is no template or provider ${JSON.stringify(name.slice(0, 80))}.`,
      {
        details: { field: 'template', template: name.slice(0, 80) },
      },
    )
  }

  /** All of them; a file that can't be used is listed with what is wrong. */
  list(): TemplateSummary[] {
    const files = [...this.#files()].map(([name, { path: file, source }]): TemplateSummary => {
      try {
        const { template } = this.get(name)
        return {
          name,
          description: template.description,
          provider: template.provider,
          source,
          path: file,
          problem: null,
        }
      } catch (error) {
        return {
          name,
          description: '',
          provider: null,
          source,
          path: file,
          problem: (error as Error).message,
        }
      }
    })
    const providers = [...this.#providers.values()].map(({ name, title }): TemplateSummary => ({
      name,
      description: title,
      provider: name,
      source: 'provider',
      path: null,
      problem: null,
    }))
    const names = new Set(files.map(({ name }) => name))
    return [...files, ...providers.filter(({ name }) => !names.has(name))]
  }

  /** The file of that name: one of the home goes before a built-in one. */
  #find(name: string): { path: string; source: 'file' | 'built-in' } | undefined {
    if (!AgentName.safeParse(name).success) {
      return undefined
    }
    const places = [
      [this.#homeFolder, 'file'],
      [builtInFolder, 'built-in'],
    ] as const
    for (const [folder, source] of places) {
      for (const ending of ['yaml', 'yml']) {
        const file = path.join(folder, `${name}.${ending}`)
        if (existsSync(file)) {
          return { path: file, source }
        }
      }
    }
    return undefined
  }

  #files(): Map<string, { path: string; source: 'file' | 'built-in' }> {
    const found = new Map<string, { path: string; source: 'file' | 'built-in' }>()
    for (const [folder, source] of [
      [builtInFolder, 'built-in'],
      [this.#homeFolder, 'file'],
    ] as const) {
      for (const entry of listYaml(folder)) {
        found.set(entry.replace(/\.ya?ml$/, ''), { path: path.join(folder, entry), source })
      }
    }
    return found
  }
}

function listYaml(folder: string): string[] {
  try {
    return readdirSync(folder).filter((entry) => /^[A-Za-z0-9][A-Za-z0-9_-]*\.ya?ml$/.test(entry))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return []
    }
    throw error
  }
}
