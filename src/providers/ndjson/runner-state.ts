import type { DecoderState } from '../contract.ts'

/** A turn between `agent_started` and `agent_stopped`. */
export interface OpenTurn {
  message: string | null
  /** Messages that were taken into it, and end with it. */
  joined: string[]
  startedAt: number
  text: string
}

/** What the reader of a runner remembers. Plain JSON, whole between any two lines. */
export interface RunnerState {
  v: 1
  /** What the program said that it can. */
  can: string[]
  /** The session that it named; null before, or where it can't resume one. */
  session: string | null
  /** The session that it was told to go on with. */
  resumes: string | null
  /** Messages given and not yet taken, oldest first. */
  waiting: string[]
  /** Those of them that were given into a turn. */
  steering: string[]
  turn: OpenTurn | null
  /** The message whose turn ended last; a second end of it is not a second turn. */
  lastEnded: string | null
  /** The last line of stdout was cut: the next is its rest. */
  isInLine: boolean
  /** Questions that may still wait: `id` is ours, unique in the run; `own` is the program's. */
  questions: { id: string; own: string }[]
  /** Questions so far. */
  asked: number
}

/** The state that was saved, by this version or an earlier one; a fresh one for null. */
export function restoreRunnerState(saved: DecoderState | null): RunnerState {
  const fresh: RunnerState = {
    v: 1,
    can: [],
    session: null,
    resumes: null,
    waiting: [],
    steering: [],
    turn: null,
    lastEnded: null,
    isInLine: false,
    questions: [],
    asked: 0,
  }
  const state = { ...fresh, ...(structuredClone(saved) as Partial<RunnerState> | null) }
  return state.turn ? { ...state, turn: { ...state.turn, joined: state.turn.joined ?? [] } } : state
}

/** State for a run that goes on with the session of an earlier one: it must name that. */
export function carryRunnerState(previous: DecoderState): DecoderState {
  const { session, resumes } = restoreRunnerState(previous)
  return { ...restoreRunnerState(null), resumes: session ?? resumes }
}
