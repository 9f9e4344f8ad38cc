import type {
  Decoder,
  DecoderState,
  OutgoingMessage,
  ProviderEvent,
  PushContext,
} from '../contract.ts'
import type { Dialect } from './dialect.ts'
import { becomeReady, replayDueAt, takeOpeningAnswer } from './open-session.ts'
import { askPermission, withdrawQuestion } from './permission.ts'
import { readUpdate } from './read-update.ts'
import { readState, type AcpState } from './state.ts'
import { beginTurn, endTurn, giveUpTurn, silenceDueAt } from './turn.ts'
import { methods, objectOf, readRpc, refusalLine, type RpcMessage } from './wire.ts'

/**
 * Reads what an ACP program says, and says what is to be told it. It holds no connection: requests
 * of ours are lines in the run's input, their answers are lines of its output, and between them all
 * that is known is the state.
 */
export function createAcpDecoder(saved: DecoderState | null, dialect: Dialect): Decoder {
  const state = readState(saved)
  return {
    sent: (message: OutgoingMessage, now) => beginTurn(state, message, now),

    push(stream: 'out' | 'err', lines, { now, isCut }: PushContext) {
      const events: ProviderEvent[] = []
      for (const [index, line] of lines.entries()) {
        const isPiece = isCut && index === lines.length - 1
        const message = stream === 'out' && !isPiece ? readRpc(line) : null
        const trouble = stream === 'err' ? dialect.readTrouble(line) : null
        if (message) {
          append(events, take(state, dialect, message, now))
        } else if (trouble !== null) {
          append(events, noteTrouble(state, trouble))
        } else if (line !== '') {
          append(events, [{ type: 'output', stream, text: isPiece ? line : `${line}\n` }])
        }
      }
      return events
    },

    dueAt: (now) => replayDueAt(state, dialect, now) ?? silenceDueAt(state, dialect, now),

    due(now) {
      const silentUntil = silenceDueAt(state, dialect, now)
      return [
        ...becomeReady(state, dialect, now),
        ...(silentUntil !== null && silentUntil <= now ? giveUpTurn(state, dialect, now) : []),
      ]
    },

    /** A turn that it was in has no answer; the daemon closes it, and its questions with it. */
    ended: () => [],

    snapshot: () => state,
  }
}

function take(
  state: AcpState,
  dialect: Dialect,
  message: RpcMessage,
  now: number,
): ProviderEvent[] {
  if (message.kind === 'answer') {
    return (
      takeOpeningAnswer(state, dialect, { ...message, now }) ??
      endTurn(state, dialect, { ...message, now })
    )
  }
  const { method, params } = message
  if (message.kind === 'request') {
    const isQuestion = method === methods.requestPermission && state.turn !== null
    return isQuestion
      ? askPermission(state, dialect, message.id, params)
      : [{ type: 'input', text: refusalLine(message.id, method) }]
  }
  if (method === methods.update) {
    // Of a session beside ours, that of a helper of its own, say, the program tells in ours what counts.
    const isOurs = state.session === null || params['sessionId'] === state.session
    return isOurs ? readUpdate(state, dialect, objectOf(params['update']), now) : []
  }
  return method === methods.cancelRequest ? withdrawQuestion(state, params['requestId']) : []
}

/** The program is silent for a reason, and says it where only a person would look. */
function noteTrouble(state: AcpState, trouble: string): ProviderEvent[] {
  if (!state.turn || state.turn.hint === trouble) {
    return []
  }
  state.turn.hint = trouble
  return [{ type: 'status', status: 'retrying', detail: trouble }]
}

/** Pieces of text that came together are one event. */
function append(events: ProviderEvent[], more: readonly ProviderEvent[]): void {
  for (const event of more) {
    const last = events.at(-1)
    if (last && last.type === event.type && (event.type === 'text' || event.type === 'thinking')) {
      ;(last as { text: string }).text += event.text
    } else {
      events.push(event)
    }
  }
}
