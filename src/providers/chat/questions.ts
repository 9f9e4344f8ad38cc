import type { RunnerAnswer } from '../ndjson/protocol.ts'
import type { ToolCall } from './conversation.ts'
import type { Output } from './output.ts'

/** What came of a question: `message` is why not, for the model. */
export type Permission = { isAllowed: true } | { isAllowed: false; message: string }

/** Asks people whether a tool may be used. */
export interface Questions {
  /** Rejects with the signal's reason. */
  ask(call: ToolCall, input: unknown, signal: AbortSignal): Promise<Permission>
  answer(answer: RunnerAnswer): void
  /** Nobody can answer any more: what is asked is denied. */
  close(): void
}

export function createQuestions(output: Output): Questions {
  /** Calls that were allowed for as long as the program runs, letter by letter. */
  const remembered = new Set<string>()
  const open = new Map<string, (answer: Permission & { isForSession?: boolean }) => void>()
  let count = 0
  let isClosed = false
  const unanswered = { isAllowed: false, message: 'nobody is there to ask' } as const
  return {
    async ask(call, input, signal) {
      const key = JSON.stringify([call.name, input])
      if (remembered.has(key)) {
        return { isAllowed: true }
      }
      if (isClosed) {
        return unanswered
      }
      signal.throwIfAborted()
      count += 1
      const id = `ask_${count}`
      const { promise, resolve, reject } = Promise.withResolvers<
        Permission & { isForSession?: boolean }
      >()
      const abort = (): void => reject(signal.reason as Error)
      open.set(id, resolve)
      signal.addEventListener('abort', abort)
      output.print({
        type: 'agent_question',
        id,
        tool: call.name,
        input,
        title: titleOf(call, input),
      })
      try {
        const answer = await promise
        if (answer.isAllowed && answer.isForSession) {
          remembered.add(key)
        }
        return answer
      } finally {
        open.delete(id)
        signal.removeEventListener('abort', abort)
      }
    },
    answer({ id, allow, for_session: isForSession, message }) {
      open.get(id)?.(
        allow ? { isAllowed: true, isForSession } : { isAllowed: false, message: message ?? '' },
      )
    },
    close() {
      isClosed = true
      open.forEach((resolve) => resolve(unanswered))
    },
  }
}

/** Longest title, characters. */
const titleLength = 200

/** For people: `run_command: git push`, `write_file: notes.md`. */
function titleOf({ name }: ToolCall, input: unknown): string {
  const { argv, path, text } = (input ?? {}) as Record<string, unknown>
  const words = Array.isArray(argv) ? argv : [path ?? text]
  const what = words.filter((word) => typeof word === 'string').join(' ')
  const line = `${name}: ${what}`.replaceAll(/\s+/g, ' ').trim()
  return line.length > titleLength ? `${line.slice(0, titleLength)}…` : line
}
