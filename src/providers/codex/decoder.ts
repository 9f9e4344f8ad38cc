import type { Decoder, DecoderState, ProviderEvent } from '../contract.ts'
import { readRequest, readResponse } from './exchange.ts'
import { readNotification } from './notifications.ts'
import { stateFrom, type CodexState, type Reading } from './state.ts'
import { parseCodexLine, type CodexLine } from './wire.ts'

/**
 * Reads what `codex app-server` prints: answers to what it was asked, what it asks itself, and what
 * it tells. Lines it does not know are `output` when they are no JSON, else nothing.
 */
export function createAppServerDecoder(saved: DecoderState | null): Decoder {
  const state = stateFrom(saved)
  return {
    sent({ id, isSteering = false }) {
      state.open.push({ id, turn: null, isSteering })
      return []
    },
    push(stream: 'out' | 'err', lines, { now, isCut }) {
      const events: ProviderEvent[] = []
      for (const [index, line] of lines.entries()) {
        const isPiece = isCut && index === lines.length - 1
        const parsed = stream === 'out' && !isPiece ? parseCodexLine(line) : null
        if (parsed) {
          readLine(state, parsed, { now, events })
        } else if (line !== '') {
          events.push({ type: 'output', stream, text: isPiece ? line : `${line}\n` })
        }
      }
      return events
    },
    dueAt: () => null,
    due: () => [],
    ended: () => [],
    snapshot: () => state,
  }
}

function readLine(state: CodexState, line: CodexLine, reading: Reading): void {
  if (typeof line.method !== 'string') {
    readResponse(state, line, reading)
  } else if (line.id === undefined) {
    readNotification(state, line, reading)
  } else {
    readRequest(state, line, reading)
  }
}
