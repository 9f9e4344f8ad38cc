import type { Note } from '../../terminal/notes.ts'
import { takeTyped } from '../../terminal/typed.ts'
import type { GeminiState } from './state.ts'
import { beginTurn, endTurn, noteOver, type Reading } from './turn.ts'

/** What else belongs to a turn comes so long after it is over at most, ms. */
const lateMs = 250

/** After it says that it is up, its prompt takes keys, ms; with a session once it wrote that it has read it. */
export const promptMs = 300
const longestResumeMs = 10_000

/** A session that is opened again is of the past up to so long before it was told of, ms. */
const openingMs = 2000

/** What a hook noted. */
export function readHook(state: GeminiState, note: Note, reading: Reading): void {
  const { event, data } = note
  switch (event) {
    case 'SessionStart':
      state.up ??= {
        at: reading.now,
        waitMs: data['source'] === 'resume' && !state.hasWritten ? longestResumeMs : promptMs,
      }
      return
    case 'BeforeAgent':
      openSession(state, note, reading)
      endTurn(state, reading)
      return beginTurn(state, takeTyped(state.typed, textOf(data['prompt'])), reading)
    case 'AfterAgent':
      if (state.turn) {
        state.turn.told = textOf(data['prompt_response']).trim()
        noteOver(state.turn, reading.now, lateMs)
      }
      return
    case 'Notification':
      return tellWait(note, reading)
  }
}

/** The first turn tells which session it is, and where it is kept: at the start that may be another file. */
function openSession(state: GeminiState, { at, data }: Note, { events }: Reading): void {
  const session = textOf(data['session_id'])
  const file = textOf(data['transcript_path'])
  if (session !== '' && session !== state.session) {
    state.session = session
    events.push({ type: 'session', session })
  }
  if (file !== '' && file !== state.transcript) {
    state.transcript = file
    state.since = at - openingMs
    events.push({ type: 'transcript', file, offset: 0 })
  }
}

/** It asks a person at its terminal, and takes the answer nowhere else. */
function tellWait({ data }: Note, { events }: Reading): void {
  if (data['notification_type'] === 'ToolPermission') {
    const details = data['details'] as { title?: unknown; command?: unknown } | undefined
    const what = textOf(details?.command) || textOf(details?.title) || textOf(data['message'])
    events.push({ type: 'status', status: 'asks_at_terminal', detail: what })
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
