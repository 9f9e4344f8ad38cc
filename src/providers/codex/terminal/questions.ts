import { encodeStrokes } from '../../../core/strokes.ts'
import type { Answer, AskedQuestion, ProviderEvent } from '../../contract.ts'
import { bareCommand } from '../shell-command.ts'
import { textOf, type Fields } from '../wire.ts'

type Question = Omit<Extract<ProviderEvent, { type: 'question' }>, 'type' | 'id'>

/** What the hook was asked, as a question for a person: with the same tools and inputs as over the protocol. */
export function questionOfHook(tool: string, input: Fields, { cwd }: Fields): Question {
  const reason = textOf(input['description']) || null
  const common = { reason, reply: null }
  if (tool === 'Bash') {
    const command = bareCommand(textOf(input['command']))
    const host = /^network-access (\S+)$/.exec(reason ?? '')?.[1]
    return host === undefined
      ? {
          ...common,
          tool: 'shell',
          input: { command, cwd: cwd ?? null },
          title: `run ${command || 'a command'}`,
        }
      : {
          ...common,
          tool: 'network',
          input: { command, cwd: cwd ?? null, host },
          title: `connect to ${host}`,
        }
  }
  if (tool === 'apply_patch') {
    const patch = textOf(input['command']) || textOf(input['patch'])
    const paths = [...patch.matchAll(/^\*\*\* (?:Add|Update|Delete) File: (.+)$/gm)].map(
      ([, file = '']) => file,
    )
    const title = paths.length > 0 ? `change ${paths.join(', ')}` : 'change files'
    return { ...common, tool, input: { changes: paths.map((path) => ({ path })), patch }, title }
  }
  return { ...common, tool, input, title: `use ${tool}` }
}

/** The hook that waits says it to Codex. It can't be remembered for the session. */
export function encodeHookAnswer({ id }: AskedQuestion, { isAllowed, message }: Answer): string {
  const decision = isAllowed
    ? { behavior: 'allow' }
    : { behavior: 'deny', message: message || 'It was denied.' }
  const text = JSON.stringify({
    hookSpecificOutput: { hookEventName: 'PermissionRequest', decision },
  })
  return encodeStrokes([{ stroke: 'answer', name: id, text }])
}
