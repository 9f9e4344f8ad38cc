import type { MessageEntry, MessageMode, ReceiptState } from '../schema/message.ts'
import type { ApprovalState, Risk } from '../schema/approval.ts'
import type { ErrorClass } from '../schema/error-class.ts'
import type { RunStatus, StopReason, Suspension, TurnState } from '../schema/run.ts'
import type { MissedPolicy } from '../schema/schedule.ts'

/** Rows as they stand in the tables; booleans are 0 and 1, JSON is text, times are Unix ms. */

/** What turns cost together; null is unmeasured. Columns of several tables. */
export interface CostColumns {
  turns: number
  cost_usd: number | null
  /** Part of `cost_usd` that was made from tokens. */
  estimated_usd: number
  turns_without_usd: number
  input_tokens: number | null
  cached_input_tokens: number | null
  output_tokens: number | null
  reasoning_tokens: number | null
  turns_without_tokens: number
  duration_ms: number | null
}

export interface AgentRow extends CostColumns {
  id: string
  name: string
  spec: string
  template: string | null
  hold: 'stopped' | 'quarantined' | null
  /** Why it is held or parked, or why it is down where its last run does not say it. */
  cause: string | null
  wish: 'wake' | 'sleep' | 'suspend' | null
  is_removing: 0 | 1
  /** Its next session is a fresh one; so until a fresh one has taken its first turn. */
  is_new: 0 | 1
  is_ephemeral: 0 | 1
  parked_until: number | null
  /** Its program died: not brought up again before. */
  not_before: number | null
  /** Ends in a row without a healthy run between them. */
  attempts: number
  /** JSON array of the times its programs died. */
  deaths: string
  wait_gate: string | null
  wait_cause: string | null
  wait_until: number | null
  wait_since: number | null
  /** What the machine's own supervisor was told of it last; null: nothing. */
  unit: string | null
  session: string | null
  run_id: string | null
  last_run_id: string | null
  request_id: string | null
  /** Its events come after this one; earlier ones are of another agent of the same name. */
  first_seq: number
  created_at: number
  active_at: number
}

export interface RunRow extends CostColumns {
  id: string
  agent_id: string
  runtime: string
  provider: string
  status: RunStatus
  turn: TurnState
  handle: string | null
  session: string | null
  is_resumed: 0 | 1
  stop_reason: StopReason | null
  /** Null: it is awake. */
  suspension: Suspension | null
  /** Since when it is known to be suspended; null: it is not. */
  suspended_at: number | null
  /** How long it was suspended before, ms. */
  suspended_ms: number
  exit_code: number | null
  signal: string | null
  cause: string | null
  /** Bytes promised to the program's input so far: the next message goes there. */
  in_bytes: number
  /** Bytes of the output that became events. */
  out_bytes: number
  err_bytes: number
  /** Bytes of what its hooks noted, and of its program's own transcript, that became events. */
  notes_bytes: number
  transcript_bytes: number
  /** That transcript's path; it need not be there yet. */
  transcript: string | null
  /** Its program has a terminal; its input is strokes. */
  is_terminal: 0 | 1
  /** The machine's own supervisor began it. */
  is_begun: 0 | 1
  /** Bytes at the beginning of the output that were given up to keep within bounds. */
  dropped_bytes: number
  decoder: string | null
  is_unknown: 0 | 1
  is_released: 0 | 1
  created_at: number
  started_at: number | null
  /** Its program took its first turn. */
  ready_at: number | null
  active_at: number | null
  /** Jobs its program works on beside its turns. */
  background: number
  /** It was greeted and takes messages; of a program that needs that. */
  is_greeted: 0 | 1
  /** It lives and can't be talked to. */
  is_unusable: 0 | 1
  /** Its spec was changed since it was brought up: it ends at its next turn boundary. */
  is_stale: 0 | 1
  /** The last failure that its program told of. */
  error_class: ErrorClass | null
  error_message: string | null
  /** When it may be tried again, where that was told. */
  error_until: number | null
  /** The model of its latest turn, as its program named it. */
  model: string | null
  ended_at: number | null
}

/** A failure that a run's program told of. */
export interface RunError {
  class: ErrorClass
  message: string
  /** When it may be tried again, Unix ms, where that was told. */
  retryAt: number | null
}

export interface MessageRow {
  seq: number
  id: string
  agent_id: string
  sender: string
  body: string
  state: ReceiptState
  cause: string | null
  reply: string | null
  run_id: string | null
  /** Where its bytes begin in the run's input. */
  in_offset: number | null
  is_written: 0 | 1
  /** Runs that ended without having taken it. */
  tries: number
  /** The agent's initial prompt, not somebody's message. */
  is_seed: 0 | 1
  /** Its bytes for the program's input, where they can't be made again. */
  input: string | null
  /** What goes first of those that wait: the smaller rank, then the older message. */
  rank: number
  mode: MessageMode
  entry: MessageEntry | null
  created_at: number
  updated_at: number
}

export interface InputRow {
  seq: number
  run_id: string
  /** Where its bytes begin in the run's input. */
  in_offset: number
  text: string
  /** The question that it answers. */
  approval_id: string | null
}

export interface ApprovalRow {
  seq: number
  id: string
  agent_id: string
  /** The agent's name; it may be gone. */
  agent: string
  run_id: string
  /** The program's own id of its question. */
  question: string
  tool: string
  /** JSON, with its keys in order. */
  input: string
  /** JSON; what the provider needs for its answer. */
  reply: string
  title: string
  reason: string | null
  risk: Risk
  state: ApprovalState
  due_at: number | null
  decided_by: string | null
  cause: string | null
  message: string | null
  is_for_session: 0 | 1
  /** The message that took the answer to the agent. */
  message_id: string | null
  /** Its answer went as a message, and holds for the same question asked again, once. */
  is_carried: 0 | 1
  asked_at: number
  decided_at: number | null
}

export interface ScheduleRow {
  id: string
  name: string
  cron: string
  time_zone: string
  missed: MissedPolicy
  body: string
  /** Who gets each message; null when a fresh agent is made each time. */
  agent_id: string | null
  /** What a fresh agent is made from, JSON of a ScheduleRun; null when there is `agent_id`. */
  run: string | null
  is_paused: 0 | 1
  /** The time it waits for; null while it is paused, and when its line never fires again. */
  next_at: number | null
  /** The latest time it fired. */
  last_at: number | null
  /** JSON of a ScheduleOutcome. */
  last_outcome: string | null
  created_at: number
}

export interface EventRow {
  seq: number
  at: number
  type: string
  agent: string | null
  run: string | null
  data: string
}

/** Receipt states of a message that is not at its end, as SQL. */
export const openStates = `('stored', 'waking', 'delivered', 'accepted')`

/** Those it may have with no run: one that a run ended without taking stays `delivered`. The index says the same. */
export const queuedStates = `('stored', 'waking', 'delivered')`
