import { readFileSync } from 'node:fs'
import { LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { Config } from '../schema/config.ts'
import { DroverError, type ErrorCode } from '../schema/error.ts'

/** The home's config; all defaults where there is no file. Errors: `invalid_config`, with the line. */
export function loadConfig(file: string): Config {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return Config.parse({})
    }
    throw new DroverError('invalid_config', `${file} can't be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return parseYaml(text, { file, schema: Config, code: 'invalid_config' })
}

interface YamlSource<T> {
  file: string
  schema: z.ZodType<T>
  code: ErrorCode
  /** Fields that the file may leave out because its place says them. */
  defaults?: Record<string, unknown>
}

/** A YAML file checked by a schema. Errors: `code`, naming file, line and field. */
export function parseYaml<T>(text: string, { file, schema, code, defaults }: YamlSource<T>): T {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [syntax] = document.errors
  if (syntax) {
    const line = lines.linePos(syntax.pos[0]).line
    throw new DroverError(code, `${file}:${line}: ${syntax.message.split('\n')[0]}`, {
      details: { file, line },
      cause: syntax,
    })
  }
  const content: unknown = document.toJS() ?? {}
  const isMap = typeof content === 'object' && !Array.isArray(content)
  const result = schema.safeParse(isMap && defaults ? { ...defaults, ...content } : content)
  if (result.success) {
    return result.data
  }
  const issue = result.error.issues[0]
  const path = issue ? fieldPath(issue) : []
  const line = lineOf(document, lines, path)
  const field = path.join('.')
  const problem =
    issue?.code === 'unrecognized_keys' ? 'is not a known key' : (issue?.message ?? 'is not valid')
  throw new DroverError(code, `${file}:${line}: ${field ? `${field}: ` : ''}${problem}`, {
    details: { field, file, line },
  })
}

/** The field an issue is about; for unknown keys the first of them. */
export function fieldPath(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map(String)
  return issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path
}

function lineOf(document: Document, lines: LineCounter, path: readonly string[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const items = (parent as { items?: YamlItem[] } | null)?.items
    const item = items?.find(
      (each, index) => String(each.key ? each.key.value : index) === path[length - 1],
    )
    const range = item?.key?.range ?? item?.range
    if (range) {
      return lines.linePos(range[0]).line
    }
  }
  return 1
}

/** A pair of a map, or an item of a list. */
interface YamlItem {
  key?: { value?: unknown; range?: [number, number, number] }
  range?: [number, number, number]
}
