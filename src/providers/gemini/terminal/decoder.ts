import type { Decoder, DecoderState, ProviderEvent } from '../../contract.ts'
import { parseNote } from '../../terminal/notes.ts'
import { enterAgain, noteTyped, typedDueAt } from '../../terminal/typed.ts'
import { promptMs, readHook } from './read-hook.ts'
import { readRecord } from './read-record.ts'
import { createGeminiState, type GeminiState } from './state.ts'
import { endTurn, turnDueAt } from './turn.ts'

/**
 * Reads of a Gemini CLI at a terminal what its hooks note, and the session that it keeps itself. Its
 * screen is not read. That a turn is over is told by a hook, or in the session, and what else belongs
 * to it may come a little later: so it ends a moment after.
 */
export function createGeminiDecoder(saved: DecoderState | null): Decoder {
  const state = (saved as GeminiState | null) ?? createGeminiState()
  return {
    isBlindToScreen: true,
    sent(message, now) {
      noteTyped(state.typed, message, now)
      return []
    },
    push(stream, lines, { now }) {
      const events: ProviderEvent[] = []
      for (const line of lines) {
        if (stream === 'transcript') {
          noteWritten(state, now)
          readRecord(state, line, { now, events })
        } else if (stream === 'notes') {
          const note = parseNote(line)
          if (note) {
            readHook(state, note, { now, events })
          }
        }
      }
      return events
    },
    dueAt: (now) => nextDue(state, now),
    due(now) {
      const events: ProviderEvent[] = []
      if (isDue(readyDueAt(state, now), now)) {
        state.isReady = true
        events.push({ type: 'ready' })
      }
      if (isDue(turnDueAt(state, now), now)) {
        endTurn(state, { now, events })
      }
      // An Enter while it works, or asks, could answer what it shows.
      return state.turn ? events : [...events, ...enterAgain(state.typed, now)]
    },
    ended: () => [],
    snapshot: () => state,
  }
}

/** What it writes into its session first tells that it has read it. */
function noteWritten(state: GeminiState, now: number): void {
  const { isReady, up } = state
  state.hasWritten = true
  if (!isReady && up !== null && up.waitMs > promptMs) {
    Object.assign(up, { at: now, waitMs: promptMs })
  }
}

function readyDueAt({ isReady, up }: GeminiState, now: number): number | null {
  return isReady || up === null ? null : Math.min(up.at, now) + up.waitMs
}

function isDue(at: number | null, now: number): boolean {
  return at !== null && at <= now
}

function nextDue(state: GeminiState, now: number): number | null {
  const enterAt = state.turn ? null : typedDueAt(state.typed, now)
  const times = [readyDueAt(state, now), turnDueAt(state, now), enterAt].filter(
    (time) => time !== null,
  )
  return times.length === 0 ? null : Math.min(...times)
}
