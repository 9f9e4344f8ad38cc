import { plainText } from '../../../util/plain-text.ts'
import type { Decoder, DecoderState } from '../../contract.ts'
import { createCommandDecoder } from '../decoder.ts'
import { createEcho, isTyped, noteTyped, withoutEditing, type Echo } from './echo.ts'

interface TerminalState extends DecoderState {
  echo: Echo
  answers: DecoderState
}

/**
 * As without a terminal, an answer is what is printed after a message until it is quiet. What the
 * terminal shows of what was typed is no answer, and begins none.
 */
export function createTerminalCommandDecoder(
  state: DecoderState | null,
  settleMs: number,
): Decoder {
  const saved = state as TerminalState | null
  const echo = saved?.echo ?? createEcho()
  const answers = createCommandDecoder(saved?.answers ?? null, settleMs)

  function readable(raw: string): string[] {
    const printed = withoutEditing(echo, raw)
    const line = printed === null ? null : plainText(printed)
    return line === null || isTyped(echo, line) ? [] : [line]
  }

  return {
    sent(message, now) {
      noteTyped(echo, message.body)
      return answers.sent(message, now)
    },
    push(stream, lines, context) {
      const told = stream === 'out' || stream === 'err' ? lines.flatMap(readable) : []
      return answers.push(stream, told, context)
    },
    dueAt: (now) => answers.dueAt(now),
    due: (now) => answers.due(now),
    ended: (now, isSuccess) => answers.ended(now, isSuccess),
    snapshot: (): TerminalState => ({ echo, answers: answers.snapshot() }),
  }
}
