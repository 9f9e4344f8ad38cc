import { fileURLToPath } from 'node:url'
import { DroverError } from '../../../schema/error.ts'
import { readJsonFile } from '../../read-json-file.ts'

const script = fileURLToPath(new URL('hook.sh', import.meta.url))

/** How long a question may stand, seconds: the longest that its timer takes. */
const longestQuestion = 24 * 86_400

/** Hooks that a run's notes are made by, and how each is called. */
const hooks = [
  // In the background, for it waits until the input box is there.
  { event: 'SessionStart', kind: 'ready', rest: { async: true, timeout: 60 } },
  { event: 'SessionStart', kind: 'watch', rest: {} },
  { event: 'FileChanged', kind: 'status', rest: { async: true, timeout: 60 } },
  { event: 'UserPromptSubmit', kind: 'note', rest: {} },
  { event: 'PermissionRequest', kind: 'ask', rest: { timeout: longestQuestion } },
  { event: 'Stop', kind: 'note', rest: {} },
  { event: 'StopFailure', kind: 'note', rest: {} },
] as const

/**
 * Settings of one run: our hooks, on top of a file that the agent's options name. It takes one
 * `--settings` only. Errors: `invalid_request`.
 */
export function terminalSettings(runFolder: string, file: string | undefined): string {
  const theirs = file === undefined ? {} : readSettings(file)
  const theirHooks = (theirs['hooks'] ?? {}) as Record<string, unknown>
  const all: Record<string, unknown> = { ...theirHooks }
  for (const { event, kind, rest } of hooks) {
    const before = all[event]
    const hook = { type: 'command', command: 'sh', args: [script, kind, runFolder], ...rest }
    all[event] = [...(Array.isArray(before) ? (before as unknown[]) : []), { hooks: [hook] }]
  }
  return JSON.stringify({
    // Who set the mode of an agent has accepted it.
    skipDangerousModePermissionPrompt: true,
    ...theirs,
    hooks: all,
  })
}

function readSettings(file: string): Record<string, unknown> {
  const settings = readJsonFile(file)
  if (!settings) {
    throw new DroverError('invalid_request', `options.settings: ${file} is no JSON object.`, {
      details: { field: 'options.settings' },
    })
  }
  return settings
}
