import type { ProviderEvent } from '../../contract.ts'
import { parseNote, type Note } from '../../terminal/notes.ts'
import { fieldsOf, textOf } from '../wire.ts'
import { questionOfHook } from './questions.ts'
import type { TerminalState } from './state.ts'

/** A session that is opened again in mid-run is of the past up to so long before it was told of, ms. */
const openingMs = 3000

/** A line that a hook noted. */
export function readNote(state: TerminalState, line: string, events: ProviderEvent[]): void {
  const note = parseNote(line)
  switch (note?.event) {
    case 'ready':
      return becomeReady(state, note, events)
    case 'SessionGone':
      events.push({ type: 'unusable', class: 'config', message: 'its session is gone' })
      return
    case 'SessionStart':
      return openSession(state, note, events)
    case 'PermissionRequest':
      return askPerson(state, note, events)
  }
}

/** It can be typed to. Of a session that it goes on with the file is known; its past is not read. */
function becomeReady(state: TerminalState, { data }: Note, events: ProviderEvent[]): void {
  const file = textOf(data['file'])
  if (file !== '' && state.transcript === null) {
    state.transcript = file
    state.thread = textOf(data['session']) || state.thread
    events.push({ type: 'transcript', file, offset: Number(data['offset']) || 0 })
  }
  if (!state.isReady) {
    state.isReady = true
    events.push({ type: 'ready' })
  }
}

/** Told with the first turn of a session: of a new one, of one that a person opened. */
function openSession(state: TerminalState, { at, data }: Note, events: ProviderEvent[]): void {
  const session = textOf(data['session_id'])
  const file = textOf(data['transcript_path'])
  if (session !== '' && session !== state.thread) {
    state.thread = session
    events.push({ type: 'session', session })
  }
  state.model = textOf(data['model']) || state.model
  if (file !== '' && file !== state.transcript) {
    state.transcript = file
    state.since = data['source'] === 'resume' ? at - openingMs : 0
    events.push({ type: 'transcript', file, offset: 0 })
  }
}

function askPerson(state: TerminalState, { id, data }: Note, events: ProviderEvent[]): void {
  const turn = textOf(data['turn_id'])
  if (id !== null && turn !== state.ended) {
    state.questions.push({ id, turn })
    const tool = textOf(data['tool_name'])
    events.push({
      type: 'question',
      id,
      ...questionOfHook(tool, fieldsOf(data['tool_input']), data),
    })
  }
}
