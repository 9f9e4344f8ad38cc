import { canonicalJson } from '../../../core/tool-input.ts'
import { describeQuestion } from '../describe-question.ts'
import { releaseHook } from './encode.ts'
import { printOf } from './print.ts'
import type { TerminalState } from './state.ts'
import { endTurn, findGiven, type Telling } from './turn.ts'

/** How long the last lines of a transcript may take once the turn is said to be over, ms. */
const transcriptMs = 2000

/** What `hook.sh` puts down, and of a hook's own JSON what we read; every field may be of another kind. */
interface Note {
  ready?: unknown
  /** Since when it does nothing, Unix ms. */
  idle?: unknown
  /** Id of a question: asked, or answered by us. */
  ask?: unknown
  answered?: unknown
  /** Bytes of the transcript when the session began. */
  size?: unknown
  note?: {
    hook_event_name?: unknown
    prompt_id?: unknown
    session_id?: unknown
    transcript_path?: unknown
    cwd?: unknown
    source?: unknown
    prompt?: unknown
    model?: unknown
    tool_name?: unknown
    tool_input?: unknown
    permission_suggestions?: unknown
    agent_id?: unknown
    background_tasks?: unknown
    error?: unknown
    last_assistant_message?: unknown
  } | null
}

/** One line of what its hooks noted. */
export function readNote(state: TerminalState, line: string, told: Telling): void {
  const parsed = parse(line)
  if (!parsed) {
    return
  }
  if (parsed.ready === true) {
    return becomeReady(state, told)
  }
  if (typeof parsed.idle === 'number') {
    return noteIdle(state, parsed.idle, told)
  }
  if (parsed.answered !== undefined) {
    state.questions = state.questions.filter(({ id }) => id !== parsed.answered)
    return
  }
  switch (parsed.note?.hook_event_name) {
    case 'SessionStart':
      return readSession(state, parsed, told)
    case 'UserPromptSubmit':
      return readPrompt(state, parsed.note.prompt)
    case 'PermissionRequest':
      return readQuestion(state, parsed, told)
    case 'Stop':
      readJobs(state, parsed.note.background_tasks, told)
      return isPast(state, parsed.note.prompt_id) ? undefined : noteEnd(state, told)
    case 'StopFailure':
      return isPast(state, parsed.note.prompt_id)
        ? undefined
        : readFailure(state, parsed.note, told)
  }
}

function parse(line: string): Note | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null
  }
}

export function becomeReady(state: TerminalState, { events }: Telling): void {
  if (!state.isReady) {
    state.isReady = true
    events.push({ type: 'ready' })
  }
}

/** It begins one, or a person has it begin another: `/clear`, `/resume`. */
function readSession(state: TerminalState, { note, size }: Note, { events, now }: Telling): void {
  const session = note?.session_id
  const file = note?.transcript_path
  if (typeof session !== 'string' || session === '') {
    return
  }
  const isFirst = state.session === null
  state.startedAt ??= now
  if (typeof note?.model === 'string') {
    state.model = note.model
  }
  if (session !== state.session) {
    state.session = session
    events.push({ type: 'session', session })
    if (!isFirst && typeof file === 'string') {
      const offset = typeof size === 'number' && Number.isSafeInteger(size) ? size : 0
      events.push({ type: 'transcript', file, offset })
    }
  }
}

function readPrompt(state: TerminalState, prompt: unknown): void {
  const message = typeof prompt === 'string' ? findGiven(state, prompt) : undefined
  if (message) {
    message.isSubmitted = true
  }
}

function readQuestion(state: TerminalState, { ask, note }: Note, { events }: Telling): void {
  if (typeof ask !== 'string' || state.questions.some(({ id }) => id === ask)) {
    return
  }
  const suggestions = note?.permission_suggestions
  const { tool_name, tool_input } = note ?? {}
  const described = describeQuestion({ tool_name, input: tool_input })
  const asked = { tool: described.tool, print: printOfInput(described.input) }
  if (isPast(state, note?.prompt_id) || wasSettled(state, asked)) {
    return void events.push({ type: 'input', text: releaseHook(ask) })
  }
  state.questions.push({ id: ask, ...asked })
  const reply = { suggestions: Array.isArray(suggestions) ? suggestions : [] }
  events.push({ type: 'question', id: ask, ...described, reply })
}

/** It is of a turn that is over: its hooks are read after its transcript. */
function isPast({ past }: TerminalState, promptId: unknown): boolean {
  return typeof promptId === 'string' && past.includes(promptId)
}

/** The tool has its result already, so somebody answered while nobody read what its hooks noted. */
function wasSettled(
  { turn, calls }: TerminalState,
  asked: { tool: string; print: string },
): boolean {
  const isSame = ({ tool, print }: typeof asked): boolean =>
    tool === asked.tool && print === asked.print
  const index = calls.some(isSame) ? -1 : (turn?.settled.findIndex(isSame) ?? -1)
  return index >= 0 && turn!.settled.splice(index, 1).length > 0
}

/** Knows a tool's input again, whatever the order of its fields. */
export function printOfInput(input: unknown): string {
  try {
    return printOf(canonicalJson(input ?? {})).digest
  } catch {
    return ''
  }
}

function readJobs(state: TerminalState, tasks: unknown, { events }: Telling): void {
  const jobs = Array.isArray(tasks) ? tasks.length : 0
  if (jobs !== state.background) {
    state.background = jobs
    events.push({ type: 'background', jobs })
  }
}

/** The transcript tells more of it; where that was read already, nothing is waited for. */
function readFailure(state: TerminalState, note: NonNullable<Note['note']>, told: Telling): void {
  if (state.turn?.failure) {
    endTurn(state, {}, told)
  } else if (state.turn) {
    const said = note.last_assistant_message
    const code = typeof note.error === 'string' ? note.error : null
    const text = typeof said === 'string' && said !== '' ? said : (code ?? 'it failed')
    state.turn.failure = { text, status: null, code }
    noteEnd(state, told)
  }
}

/** Its transcript says so, too, and may lag behind. */
function noteEnd({ turn }: TerminalState, { now }: Telling): void {
  if (turn) {
    turn.over ??= { at: now, ms: transcriptMs }
  }
}

/** A turn that a person takes back before its first answer leaves no other trace. */
function noteIdle({ turn }: TerminalState, since: number, { now }: Telling): void {
  if (turn && !turn.over && turn.begunAt !== null && since > turn.begunAt) {
    turn.over = { at: now, ms: transcriptMs }
    turn.isBrokenOff = true
  }
}
