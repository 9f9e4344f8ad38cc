import type { Lifecycle } from '../schema/lifecycle.ts'
import type { RunStatus, StopReason, Suspension, TurnState } from '../schema/run.ts'

/** What keeps an agent down until it is released: a person's stop, or a crash loop. */
export type Hold = 'stopped' | 'quarantined'

/** All that decisions about one agent are made from: a snapshot, nothing else. Times are Unix ms. */
export interface AgentView {
  hold: Hold | null
  /** Asked to be up, or to sleep, with no message behind it. `suspend`: to sleep with its run kept, where that can be. */
  wish: 'wake' | 'sleep' | 'suspend' | null
  /** Asked to be removed for good. */
  isRemoving: boolean
  /** Its next session is to be a fresh one. */
  isNew: boolean
  /** Lives for one task. */
  isEphemeral: boolean
  /** It has spent what it may spend. */
  isOverBudget: boolean
  /** Something else brings its program up; Drover only talks to it. */
  isSupervised: boolean
  /** That something else has its unit, as far as we made it. */
  hasUnit: boolean
  /** A run that it began by itself has no row yet. */
  isFound: boolean
  /** Out of quota until then. */
  parkedUntil: number | null
  /** Its program died; it is not brought up again before. */
  notBefore: number | null
  /** What it was last seen to wait for, and since when. */
  waiting: { gate: string; until: number | null; since: number } | null
  /** Why the machine takes no start of it now; null where it does. */
  admission: Admission | null
  /** People who are with it in a terminal. */
  attached: number
  /** Who was with it when the last daemon died may be back until then, Unix ms. */
  awaitedUntil: number
  lifecycle: Lifecycle
  /** Its run that has not ended yet. */
  run: RunView | null
  /** Messages not given to any run; where there are very many, not all are counted. */
  queued: number
  /** The first of those is to join the turn under way. */
  isSteering: boolean
  /** Messages given to the run that it has not finished. */
  open: number
  /** Since when the longest of these is as it is. */
  openSince: number | null
  /** What was given to the run and whose bytes are not known to be in its input: messages, answers, orders. */
  unwritten: number
  /** Questions of its run that nobody answered yet. */
  questions: number
  /** When the first of its open questions is denied, of its run and of runs that are over; null: none ever is. */
  questionDueAt: number | null
  /** Ended runs whose leftovers were not released yet. */
  unreleased: number
  /** Of an ephemeral agent: whether its one message has come to its end, and how. */
  task: 'open' | 'done' | 'failed'
}

/** A start that has to wait for the machine. */
export interface Admission {
  /** `admission`: the machine is short of something. `queue`: other ephemeral agents are before it. */
  gate: 'admission' | 'queue'
  cause: string
  /** How long it may wait, ms; null: for ever. */
  mostMs: number | null
}

export interface RunView {
  status: RunStatus
  /** `waiting` while one of its questions is open. */
  turn: TurnState
  /** Whether the runtime's handle is stored: its start came back. */
  hasHandle: boolean
  stopReason: StopReason | null
  /** Null: it is awake. */
  suspension: Suspension | null
  /** Since when it is known to be suspended. */
  suspendedAt: number | null
  /** Its runtime can suspend it. */
  canSuspend: boolean
  /** Its provider says when a turn is over, so messages go in one at a time. */
  hasTurns: boolean
  /** It takes messages: it was greeted, or needs no greeting. */
  isGreeted: boolean
  /** It lives and says that it can't be talked to. */
  isUnusable: boolean
  /** Its spec was changed since. */
  isStale: boolean
  /** A message can join its turn. */
  canSteer: boolean
  isResumed: boolean
  /** The machine's own supervisor began it: it is not ours to end. */
  isBegun: boolean
  /** Its runtime can't be asked: nothing is ended by a rule. */
  isUnknown: boolean
  /** When its program took its first turn; for one without turns, when it was up. */
  readyAt: number | null
  /** When its program was up, later by the time that it was suspended since. */
  startedAt: number | null
  /** When it last said something, was given something, or ended a turn. */
  activeAt: number
  /** Jobs that its program works on beside its turns. */
  background: number
}
