import { openStates, queuedStates, type AgentRow, type RunRow } from './rows.ts'

/** An agent with what its status follows from, in one row. */
export type AgentListRow = AgentRow & {
  queued: number
  run_status: RunRow['status'] | null
  run_turn: RunRow['turn'] | null
  run_handle: string | null
  run_is_unknown: 0 | 1 | null
  run_is_begun: 0 | 1 | null
  run_suspension: RunRow['suspension']
  last_status: RunRow['status'] | null
  last_exit_code: number | null
  last_cause: string | null
  last_ended_at: number | null
  /** Open questions, of its run and of runs that are over. */
  questions: number
  /** Those of its run. */
  run_questions: number
  /** What the oldest of them wants. */
  question_title: string | null
}

/** Open questions of agent `a`, and those of its run alone. */
const questionCount = `(SELECT COUNT(*) FROM approvals q INDEXED BY approvals_open WHERE q.agent_id = a.id AND q.state = 'open')`
const runQuestionCount = `(SELECT COUNT(*) FROM approvals q INDEXED BY approvals_open WHERE q.agent_id = a.id AND q.run_id = a.run_id AND q.state = 'open')`

/** Begins a query for agents `a` as a list shows them. */
export const listColumns = `
  SELECT a.*,
    (SELECT COUNT(*) FROM messages m INDEXED BY messages_queued WHERE m.agent_id = a.id AND m.run_id IS NULL AND m.state IN ${queuedStates}) AS queued,
    ${questionCount} AS questions, ${runQuestionCount} AS run_questions,
    (SELECT q.title FROM approvals q INDEXED BY approvals_open WHERE q.agent_id = a.id AND q.state = 'open' ORDER BY q.seq LIMIT 1) AS question_title,
    r.status AS run_status, r.turn AS run_turn, r.handle AS run_handle, r.is_unknown AS run_is_unknown, r.is_begun AS run_is_begun, r.suspension AS run_suspension,
    l.status AS last_status, l.exit_code AS last_exit_code, l.cause AS last_cause, l.ended_at AS last_ended_at
  FROM agents a
  LEFT JOIN runs r ON r.id = a.run_id
  LEFT JOIN runs l ON l.id = a.last_run_id`

/** What an agent's status follows from, and nothing else. */
export type AgentStatusRow = Pick<
  AgentListRow,
  | 'hold'
  | 'wish'
  | 'parked_until'
  | 'queued'
  | 'run_status'
  | 'run_turn'
  | 'run_is_unknown'
  | 'run_is_begun'
  | 'run_suspension'
  | 'run_questions'
>

/** What decisions about an agent are made from, in one row. */
export type AgentViewRow = Pick<
  AgentRow,
  | 'id'
  | 'name'
  | 'session'
  | 'unit'
  | 'hold'
  | 'wish'
  | 'is_removing'
  | 'is_new'
  | 'is_ephemeral'
  | 'parked_until'
  | 'not_before'
  | 'wait_gate'
  | 'wait_until'
  | 'wait_since'
  | 'cost_usd'
  | 'input_tokens'
  | 'output_tokens'
> & {
  run_status: RunRow['status'] | null
  run_turn: RunRow['turn'] | null
  run_stop_reason: RunRow['stop_reason']
  run_suspension: RunRow['suspension']
  run_suspended_at: number | null
  run_suspended_ms: number | null
  run_provider: string | null
  run_runtime: string | null
  run_is_terminal: 0 | 1 | null
  run_is_begun: 0 | 1 | null
  run_is_resumed: 0 | 1 | null
  run_is_unknown: 0 | 1 | null
  run_created_at: number | null
  run_started_at: number | null
  run_ready_at: number | null
  run_active_at: number | null
  run_background: number | null
  run_is_greeted: 0 | 1 | null
  run_is_unusable: 0 | 1 | null
  run_is_stale: 0 | 1 | null
  has_handle: 0 | 1
  queued: number
  steering: 0 | 1
  open: number
  open_since: number | null
  unwritten: number
  unreleased: number
  run_questions: number
  question_due_at: number | null
}

/** Takes an agent's id. */
export const statusQuery = `
  SELECT a.hold, a.wish, a.parked_until, r.status AS run_status, r.turn AS run_turn, r.is_unknown AS run_is_unknown, r.is_begun AS run_is_begun, r.suspension AS run_suspension,
         ${runQuestionCount} AS run_questions,
         EXISTS (SELECT 1 FROM messages m INDEXED BY messages_queued WHERE m.agent_id = a.id AND m.run_id IS NULL AND m.state IN ${queuedStates}) AS queued
       FROM agents a LEFT JOIN runs r ON r.id = a.run_id WHERE a.id = ?`

/** Decisions ask whether messages wait, not how many thousands; each message is decided about several times. */
const mostCounted = 100

/** Takes an agent's id. */
export const viewQuery = `
  SELECT a.id, a.name, a.session, a.unit, a.hold, a.wish, a.is_removing, a.is_new, a.is_ephemeral, a.parked_until, a.not_before,
         a.wait_gate, a.wait_until, a.wait_since, a.cost_usd, a.input_tokens, a.output_tokens,
         r.status AS run_status, r.turn AS run_turn, r.stop_reason AS run_stop_reason, r.provider AS run_provider,
         r.runtime AS run_runtime, r.is_terminal AS run_is_terminal, r.is_begun AS run_is_begun, r.is_resumed AS run_is_resumed, r.is_unknown AS run_is_unknown, r.created_at AS run_created_at,
         r.started_at AS run_started_at, r.ready_at AS run_ready_at, r.active_at AS run_active_at,
         r.background AS run_background, r.is_greeted AS run_is_greeted, r.is_unusable AS run_is_unusable,
         r.is_stale AS run_is_stale, r.suspension AS run_suspension, r.suspended_at AS run_suspended_at, r.suspended_ms AS run_suspended_ms,
         r.handle IS NOT NULL AS has_handle,
         (SELECT COUNT(*) FROM (SELECT 1 FROM messages m INDEXED BY messages_queued
          WHERE m.agent_id = a.id AND m.run_id IS NULL AND m.state IN ${queuedStates} LIMIT ${mostCounted})) AS queued,
         EXISTS (SELECT 1 FROM messages m INDEXED BY messages_queued
          WHERE m.agent_id = a.id AND m.rank = 0 AND m.mode = 'steer' AND m.run_id IS NULL AND m.state IN ${queuedStates}) AS steering,
         (SELECT MIN(m.updated_at) FROM messages m INDEXED BY messages_open
          WHERE m.run_id = a.run_id AND m.state IN ${openStates}) AS open_since,
         (SELECT COUNT(*) FROM messages m INDEXED BY messages_open
          WHERE m.run_id = a.run_id AND m.state IN ${openStates}) AS open,
         (SELECT COUNT(*) FROM messages m INDEXED BY messages_open
          WHERE m.run_id = a.run_id AND m.state IN ${openStates} AND m.is_written = 0)
           + (SELECT COUNT(*) FROM inputs i WHERE i.run_id = a.run_id) AS unwritten,
         (SELECT COUNT(*) FROM runs u INDEXED BY runs_unreleased
          WHERE u.agent_id = a.id AND u.ended_at IS NOT NULL AND u.is_released = 0) AS unreleased,
         ${runQuestionCount} AS run_questions,
         (SELECT MIN(q.due_at) FROM approvals q INDEXED BY approvals_open
          WHERE q.agent_id = a.id AND q.state = 'open') AS question_due_at
       FROM agents a LEFT JOIN runs r ON r.id = a.run_id WHERE a.id = ?`

/** What an agent is told of another one. */
export interface PeerRow {
  name: string
  template: string | null
  label: string | null
  /** JSON of a list of words. */
  capabilities: string | null
}

const peers = `FROM agents WHERE id <> ? AND is_removing = 0 AND is_ephemeral = 0`

export const peersQuery = `
  SELECT name, template, json_extract(spec, '$.label') AS label, json_extract(spec, '$.capabilities') AS capabilities
  ${peers} ORDER BY name LIMIT ?`

export const peerCount = `SELECT COUNT(*) AS total ${peers}`
