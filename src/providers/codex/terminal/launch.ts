import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../../schema/error.ts'
import type { LaunchRequest, ProviderLaunch, Transcript } from '../../contract.ts'
import { fileSize } from '../../../util/file-size.ts'
import { readSettings } from '../../read-json-file.ts'
import { hookCommand, nodeOf, noteProgram, notesEnvironment } from '../../terminal/notes.ts'
import { instructionArguments, prepareCodex } from '../launch.ts'

const startScript = fileURLToPath(new URL('start.sh', import.meta.url))

/** Codex touches a file here for each thread that can be typed to. Seen in 0.169. */
const threadsFolder = 'tui-thread-reference-capabilities'

/** Told to `start.sh` in place of data: there is nothing to go on with. */
const goneSession = 'gone'

/** A question waits for a person for as long as that may take, seconds. */
const questionSeconds = 30 * 24 * 3600

/**
 * argv and settings of Codex at a terminal. Errors: those of `prepareCodex`, and `unsupported` for a
 * folder with hooks of its own.
 */
export async function launchCodexAtTerminal(request: LaunchRequest): Promise<ProviderLaunch> {
  const prepared = prepareCodex(request)
  const { program, folder, isOwn, more, env, files } = prepared
  const { resume, isFork, systemPrompt, spec, runFolder } = request
  if (!prepared.options.projectHooks) {
    refuseProjectHooks(spec.dir)
  }
  const rollout = resume === null ? null : await findRollout(folder, resume)
  return {
    argv: [
      '/bin/sh',
      startScript,
      nodeOf(request),
      noteProgram,
      path.join(folder, threadsFolder),
      resume !== null && rollout === null
        ? goneSession
        : JSON.stringify(isFork ? null : { session: resume, ...rollout }),
      program,
      ...(resume === null ? [] : [isFork ? 'fork' : 'resume', resume]),
      '--cd',
      spec.dir,
      ...(spec.profile ? ['-p', spec.profile] : []),
      ...more,
      ...terminalArguments(spec.dir, nodeOf(request)),
      ...(isOwn ? [] : instructionArguments(systemPrompt)),
    ],
    env: { ...env, ...notesEnvironment(runFolder) },
    files,
  }
}

/**
 * No dialog may wait for a person before it can be typed to, and the hooks that tell of it are ours:
 * nobody need review them. No server of its own outlives it.
 */
function terminalArguments(dir: string, node: string): string[] {
  const settings = {
    projects: `{${JSON.stringify(dir)}={trust_level="trusted"}}`,
    'hooks.SessionStart': hook(hookCommand({ verb: 'note', event: 'SessionStart', node }), {
      timeout: 30,
    }),
    'hooks.PermissionRequest': hook(
      hookCommand({ verb: 'ask', event: 'PermissionRequest', node }),
      {
        timeout: questionSeconds,
        statusMessage: 'It asks: answer with drover approve or drover deny',
      },
    ),
    'notice.hide_full_access_warning': 'true',
    'notice.hide_world_writable_warning': 'true',
    'notice.hide_rate_limit_model_nudge': 'true',
  }
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['--no-daemon', '--dangerously-bypass-hook-trust', ...given]
}

function hook(command: string, fields: Record<string, string | number>): string {
  const all = Object.entries({ type: 'command', command, ...fields })
  return `[{hooks=[{${all.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}}]}]`
}

/** Where the session is kept, and how long it is; what was in it is of before. null: it is not there. */
async function findRollout(home: string, session: string): Promise<Transcript | null> {
  const sessions = path.join(home, 'sessions')
  const names = await readdir(sessions, { recursive: true }).catch(() => [])
  const name = names.find((each) => each.endsWith(`-${session}.jsonl`))
  if (name === undefined) {
    return null
  }
  const file = path.join(sessions, name)
  return { file, offset: fileSize(file) }
}

/**
 * Hooks of a folder run outside the sandbox. Codex asks a person to review them, which nobody may be
 * there to do; so they are refused, unless the agent's options say that they may run.
 */
function refuseProjectHooks(dir: string): void {
  for (let folder = dir; ; folder = path.dirname(folder)) {
    const file = hooksIn(path.join(folder, '.codex'))
    if (file !== null) {
      const message = `dir: ${file} has hooks, which Codex would run at a terminal outside its sandbox. The option projectHooks=true lets it.`
      throw new DroverError('unsupported', message, { details: { field: 'dir' } })
    }
    if (folder === path.dirname(folder)) {
      return
    }
  }
}

/** The file in a project's folder for Codex that has hooks; null: none has. */
function hooksIn(folder: string): string | null {
  const own = path.join(folder, 'hooks.json')
  if (existsSync(own)) {
    return own
  }
  const config = path.join(folder, 'config.toml')
  try {
    return /^\s*\[*\s*["']?hooks\b/m.test(readSettings(config)) ? config : null
  } catch {
    return null
  }
}
