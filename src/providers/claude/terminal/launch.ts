import { readdirSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { DroverError } from '../../../schema/error.ts'
import { fileSize } from '../../../util/file-size.ts'
import type { LaunchRequest, ProviderLaunch, Transcript } from '../../contract.ts'
import { readJsonFile } from '../../read-json-file.ts'
import { folderName } from '../find-session.ts'
import { freshPrompt, launchWith, upstreamKey } from '../launch.ts'
import type { ClaudeOptions } from '../options.ts'
import { ownFolder } from '../own-folder.ts'
import { queueKeys } from './encode.ts'
import { terminalSettings } from './settings.ts'

/**
 * argv of one run at a terminal, with all that keeps it from asking anything before it begins. Errors:
 * `program_not_found`; `not_logged_in` for the folder of an account in which it was never begun, and
 * in which nothing is ours to change.
 */
export function launchAtTerminal(request: LaunchRequest): ProviderLaunch {
  let transcript: Transcript | null = null
  const launch = launchWith(request, (options) => {
    const settings = path.join(request.stateFolder, 'terminal-settings.json')
    const folder = configFolder(request, options)
    transcript = findTranscript(request, folder.path)
    return {
      flags: freshPrompt,
      settings,
      files: [
        { path: settings, content: terminalSettings(request.runFolder, options.settings) },
        ...folder.files,
      ],
      // It works in the folder of its agent, and is not asked whether that is trusted when it is
      // headless either.
      env: { CLAUDE_CODE_SANDBOXED: '1' },
    }
  })
  return { ...launch, ...(transcript ? { transcript } : {}) }
}

interface ConfigFolder {
  path: string
  files: ProviderLaunch['files']
}

/** Where it keeps its config, and what of it is to be written: in the agent's own folder only. */
function configFolder(request: LaunchRequest, { configDir }: ClaudeOptions): ConfigFolder {
  const own = configDir === undefined ? ownFolder(request) : null
  if (own !== null) {
    const file = path.join(own, '.claude.json')
    const config = prepared(readJsonFile(file) ?? {}, keyOf(request))
    return {
      path: own,
      files: [
        { path: file, content: JSON.stringify(config) },
        bindKeys(path.join(own, 'keybindings.json')),
      ],
    }
  }
  const home = request.env['HOME'] ?? '/'
  const folder = configDir ?? path.join(home, '.claude')
  checkAccount(path.join(configDir ?? home, '.claude.json'), keyOf(request))
  return { path: folder, files: [] }
}

/** Its keys, and ours. In the folder of a user they are not there: what is to join a turn is the next one. */
function bindKeys(file: string): ProviderLaunch['files'][number] {
  const config = readJsonFile(file) ?? {}
  const { bindings } = config
  const others = (Array.isArray(bindings) ? bindings : []).filter(
    (each) => !isDeepStrictEqual(each, queueKeys),
  )
  return { path: file, content: JSON.stringify({ ...config, bindings: [...others, queueKeys] }) }
}

/** The key that it is given in its environment; null: it has a login. */
function keyOf({ upstreams, env }: LaunchRequest): string | null {
  return upstreams.anthropic ? upstreamKey(upstreams.anthropic) : (env['ANTHROPIC_API_KEY'] ?? null)
}

/** A key is known by so many of its last characters. */
const knownBy = 20

/** Its config with all first questions answered; what else is in it stays. */
function prepared(config: Record<string, unknown>, key: string | null): Record<string, unknown> {
  const keys = config['customApiKeyResponses'] as { approved?: unknown } | undefined
  const approved = Array.isArray(keys?.approved) ? (keys.approved as unknown[]) : []
  const known = key?.slice(-knownBy)
  return {
    theme: 'dark',
    ...config,
    hasCompletedOnboarding: true,
    ...(known === undefined
      ? {}
      : {
          customApiKeyResponses: {
            ...keys,
            approved: [...approved.filter((each) => each !== known), known],
            rejected: [],
          },
        }),
  }
}

/** The folder of a user's account is read, and left as it is: what it would ask there must be answered. */
function checkAccount(file: string, key: string | null): void {
  const config = readJsonFile(file)
  const begin = 'Begin `claude` there once at a terminal of your own'
  if (config?.['hasCompletedOnboarding'] !== true) {
    throw new DroverError(
      'not_logged_in',
      `Claude Code was never begun with ${file}; it would ask for theme and login. ${begin}.`,
      { details: { field: 'options.configDir' } },
    )
  }
  const { approved } = (config['customApiKeyResponses'] ?? {}) as { approved?: unknown }
  if (key !== null && !(Array.isArray(approved) && approved.includes(key.slice(-knownBy)))) {
    throw new DroverError(
      'not_logged_in',
      `Claude Code would ask whether it may use the key it is given, for ${file} does not say so. ${begin}, with that key in ANTHROPIC_API_KEY, or leave out configDir.`,
      { details: { field: 'options.configDir' } },
    )
  }
}

/** Its transcript, and how much of it is of before. One that it begins is named by the session. */
function findTranscript(
  { resume, isFork, newSession, spec }: LaunchRequest,
  folder: string,
): Transcript {
  const projects = path.join(folder, 'projects')
  const session = resume === null || isFork ? newSession : resume
  const place = projectOf(projects, `${session}.jsonl`) ?? folderName(spec.dir)
  const file = path.join(projects, place, `${session}.jsonl`)
  return { file, offset: fileSize(file) }
}

/** The folder in which it keeps a session. */
function projectOf(projects: string, name: string): string | null {
  try {
    return (
      readdirSync(projects).find((each) => fileSize(path.join(projects, each, name)) > 0) ?? null
    )
  } catch {
    return null
  }
}
