import type { Decoder, DecoderState, ProviderEvent } from '../../contract.ts'
import { enterAgain, noteTyped, typedDueAt } from '../../terminal/typed.ts'
import { readNote } from './read-note.ts'
import { readRollout } from './read-rollout.ts'
import { terminalStateFrom } from './state.ts'

/**
 * Reads of a Codex at a terminal what its hooks note, and the session that it keeps itself, its
 * rollout. Its screen is not read.
 */
export function createTerminalDecoder(saved: DecoderState | null): Decoder {
  const state = terminalStateFrom(saved)
  // An Enter while it works, or asks, could answer what it shows.
  const isIdle = (): boolean => state.turn === null && state.begun === null
  return {
    isBlindToScreen: true,
    sent(message, now) {
      state.open.push({ id: message.id, turn: null, isSteering: message.isSteering ?? false })
      noteTyped(state.typed, message, now)
      return []
    },
    push(stream, lines, { now, isCut }) {
      const events: ProviderEvent[] = []
      for (const [index, line] of lines.entries()) {
        if (stream === 'notes') {
          readNote(state, line, events)
        } else if (stream === 'transcript') {
          const isPiece = isCut && index === lines.length - 1
          readRollout(state, line, { isPiece, reading: { now, events } })
        }
      }
      return events
    },
    dueAt: (now) => (isIdle() ? typedDueAt(state.typed, now) : null),
    due: (now) => (isIdle() ? enterAgain(state.typed, now) : []),
    ended: () => [],
    snapshot: () => state,
  }
}
