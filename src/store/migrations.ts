/**
 * The schema, one step after the other, forward only. A step that has shipped never changes; a new
 * one goes to the end. The database's `user_version` is the number of steps it has taken.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE home (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    spec TEXT NOT NULL,
    template TEXT,
    hold TEXT,
    wish TEXT,
    is_removing INTEGER NOT NULL DEFAULT 0,
    session TEXT,
    run_id TEXT,
    last_run_id TEXT,
    request_id TEXT UNIQUE,
    first_seq INTEGER NOT NULL,
    turns INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    created_at INTEGER NOT NULL,
    active_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX agents_live ON agents (run_id) WHERE run_id IS NOT NULL;

  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    agent_id TEXT NOT NULL,
    runtime TEXT NOT NULL,
    provider TEXT NOT NULL,
    status TEXT NOT NULL,
    turn TEXT NOT NULL DEFAULT 'idle',
    handle TEXT,
    session TEXT,
    is_resumed INTEGER NOT NULL,
    stop_reason TEXT,
    exit_code INTEGER,
    signal TEXT,
    cause TEXT,
    in_bytes INTEGER NOT NULL DEFAULT 0,
    out_bytes INTEGER NOT NULL DEFAULT 0,
    err_bytes INTEGER NOT NULL DEFAULT 0,
    dropped_bytes INTEGER NOT NULL DEFAULT 0,
    decoder TEXT,
    is_unknown INTEGER NOT NULL DEFAULT 0,
    is_released INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX runs_of_agent ON runs (agent_id, created_at);
  CREATE INDEX runs_unreleased ON runs (agent_id) WHERE ended_at IS NOT NULL AND is_released = 0;

  CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT,
    reply TEXT,
    run_id TEXT,
    in_offset INTEGER,
    is_written INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX messages_queued ON messages (agent_id, seq) WHERE run_id IS NULL AND state IN ('stored', 'waking');
  CREATE INDEX messages_open ON messages (run_id, seq) WHERE state IN ('stored', 'waking', 'delivered', 'accepted');
  CREATE INDEX messages_of_agent ON messages (agent_id, seq);

  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    agent TEXT,
    run TEXT,
    data TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_agent ON events (agent, seq) WHERE agent IS NOT NULL;
  `,
  `
  ALTER TABLE agents ADD COLUMN cause TEXT;
  ALTER TABLE agents ADD COLUMN is_new INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE agents ADD COLUMN is_ephemeral INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE agents ADD COLUMN parked_until INTEGER;
  ALTER TABLE agents ADD COLUMN not_before INTEGER;
  ALTER TABLE agents ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE agents ADD COLUMN deaths TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE agents ADD COLUMN wait_gate TEXT;
  ALTER TABLE agents ADD COLUMN wait_cause TEXT;
  ALTER TABLE agents ADD COLUMN wait_until INTEGER;
  ALTER TABLE agents ADD COLUMN wait_since INTEGER;

  ALTER TABLE runs ADD COLUMN ready_at INTEGER;
  ALTER TABLE runs ADD COLUMN active_at INTEGER;
  ALTER TABLE runs ADD COLUMN background INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN error_class TEXT;
  ALTER TABLE runs ADD COLUMN error_message TEXT;

  ALTER TABLE messages ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN is_seed INTEGER NOT NULL DEFAULT 0;
  DROP INDEX messages_queued;
  CREATE INDEX messages_queued ON messages (agent_id, seq) WHERE run_id IS NULL AND state IN ('stored', 'waking', 'delivered');

  CREATE TABLE tasks (
    request_id TEXT,
    agent_id TEXT NOT NULL,
    name TEXT NOT NULL,
    agent TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    message TEXT NOT NULL,
    ended_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX tasks_by_request ON tasks (request_id) WHERE request_id IS NOT NULL;
  CREATE INDEX tasks_by_time ON tasks (ended_at);
  `,
  `
  CREATE TABLE schedules (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    missed TEXT NOT NULL,
    body TEXT NOT NULL,
    agent_id TEXT,
    run TEXT,
    is_paused INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    last_at INTEGER,
    last_outcome TEXT,
    created_at INTEGER NOT NULL,
    CHECK ((agent_id IS NULL) <> (run IS NULL))
  ) STRICT;
  CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;
  CREATE INDEX schedules_of_agent ON schedules (agent_id) WHERE agent_id IS NOT NULL;
  `,
  `
  ALTER TABLE runs ADD COLUMN is_greeted INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN is_unusable INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN is_stale INTEGER NOT NULL DEFAULT 0;

  ALTER TABLE messages ADD COLUMN input TEXT;
  ALTER TABLE messages ADD COLUMN rank INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE messages ADD COLUMN mode TEXT NOT NULL DEFAULT 'queue';
  ALTER TABLE messages ADD COLUMN entry TEXT;
  DROP INDEX messages_queued;
  CREATE INDEX messages_queued ON messages (agent_id, rank, seq) WHERE run_id IS NULL AND state IN ('stored', 'waking', 'delivered');

  CREATE TABLE inputs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    in_offset INTEGER NOT NULL,
    text TEXT NOT NULL,
    approval_id TEXT
  ) STRICT;
  CREATE INDEX inputs_of_run ON inputs (run_id, in_offset);

  CREATE TABLE approvals (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    run_id TEXT NOT NULL,
    question TEXT NOT NULL,
    tool TEXT NOT NULL,
    input TEXT NOT NULL,
    reply TEXT NOT NULL,
    title TEXT NOT NULL,
    reason TEXT,
    risk TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    due_at INTEGER,
    decided_by TEXT,
    cause TEXT,
    message TEXT,
    is_for_session INTEGER NOT NULL DEFAULT 0,
    message_id TEXT,
    is_carried INTEGER NOT NULL DEFAULT 0,
    asked_at INTEGER NOT NULL,
    decided_at INTEGER,
    UNIQUE (run_id, question)
  ) STRICT;
  CREATE INDEX approvals_open ON approvals (agent_id, run_id, due_at) WHERE state = 'open';
  CREATE INDEX approvals_same ON approvals (agent_id, tool) WHERE state = 'open' OR is_carried = 1;
  CREATE INDEX approvals_of_agent ON approvals (agent, seq);

  ALTER TABLE agents ADD COLUMN estimated_usd REAL NOT NULL DEFAULT 0;
  ALTER TABLE agents ADD COLUMN turns_without_usd INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE agents ADD COLUMN cached_input_tokens INTEGER;
  ALTER TABLE agents ADD COLUMN reasoning_tokens INTEGER;
  ALTER TABLE agents ADD COLUMN turns_without_tokens INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE agents ADD COLUMN duration_ms INTEGER;
  UPDATE agents SET turns_without_usd = turns WHERE cost_usd IS NULL;
  UPDATE agents SET turns_without_tokens = turns WHERE input_tokens IS NULL OR output_tokens IS NULL;

  ALTER TABLE runs ADD COLUMN turns INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN cost_usd REAL;
  ALTER TABLE runs ADD COLUMN estimated_usd REAL NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN turns_without_usd INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN input_tokens INTEGER;
  ALTER TABLE runs ADD COLUMN cached_input_tokens INTEGER;
  ALTER TABLE runs ADD COLUMN output_tokens INTEGER;
  ALTER TABLE runs ADD COLUMN reasoning_tokens INTEGER;
  ALTER TABLE runs ADD COLUMN turns_without_tokens INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN duration_ms INTEGER;
  ALTER TABLE runs ADD COLUMN model TEXT;
  ALTER TABLE runs ADD COLUMN error_until INTEGER;

  CREATE TABLE costs (
    day TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    model TEXT NOT NULL,
    agent TEXT NOT NULL,
    turns INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL,
    estimated_usd REAL NOT NULL DEFAULT 0,
    turns_without_usd INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER,
    cached_input_tokens INTEGER,
    output_tokens INTEGER,
    reasoning_tokens INTEGER,
    turns_without_tokens INTEGER NOT NULL DEFAULT 0,
    duration_ms INTEGER,
    PRIMARY KEY (day, agent_id, model)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX costs_of_agent ON costs (agent, day);

  CREATE TABLE worktrees (
    agent_id TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    repository TEXT NOT NULL,
    folder TEXT NOT NULL,
    branch TEXT NOT NULL,
    base TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE agents ADD COLUMN unit TEXT;
  ALTER TABLE runs ADD COLUMN is_begun INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN is_terminal INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN notes_bytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN transcript TEXT;
  ALTER TABLE runs ADD COLUMN transcript_bytes INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE guests (
    id TEXT PRIMARY KEY,
    agent_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    runtime TEXT NOT NULL,
    program TEXT NOT NULL,
    dir TEXT NOT NULL,
    handle TEXT,
    is_unknown INTEGER NOT NULL DEFAULT 0,
    end_cause TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX guests_of_agent ON guests (agent_id);
  `,
  `
  ALTER TABLE runs ADD COLUMN suspension TEXT;
  ALTER TABLE runs ADD COLUMN suspended_at INTEGER;
  ALTER TABLE runs ADD COLUMN suspended_ms INTEGER NOT NULL DEFAULT 0;
  `,
]
