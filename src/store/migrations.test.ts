import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Store } from './index.ts'
import { migrations } from './migrations.ts'
import { openDatabase } from './open.ts'

/** Rows as the first version of the schema had them. */
const first = `
  INSERT INTO agents (id, name, spec, session, last_run_id, first_seq, turns, input_tokens, output_tokens, created_at, active_at)
    VALUES ('a', 'old', '{"provider":"chat"}', 'session-1', 'r', 0, 3, 5, 6, 1, 2);
  INSERT INTO runs (id, agent_id, runtime, provider, status, is_resumed, is_released, created_at, ended_at)
    VALUES ('r', 'a', 'process', 'chat', 'stopped', 0, 1, 1, 2);
  INSERT INTO messages (id, agent_id, sender, body, state, created_at, updated_at)
    VALUES ('m1', 'a', 'user', 'first', 'stored', 1, 1), ('m2', 'a', 'user', 'second', 'waking', 1, 1);
`

test('a home of the first version keeps its agents, its sessions and its mail', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-migrate-'))
  const options = {
    file: path.join(folder, 'drover.db'),
    backupsFolder: path.join(folder, 'backups'),
    moveAsideCorrupt: false,
    report: () => undefined,
  }
  try {
    const old = openDatabase({ ...options, migrations: migrations.slice(0, 1) })
    old.execute(first)
    old.close()
    const store = new Store(options)
    // It had a session, so no fresh one is due.
    expect(store.agents.get('a')).toMatchObject({
      session: 'session-1',
      is_new: 0,
      is_ephemeral: 0,
      parked_until: null,
      deaths: '[]',
    })
    expect(store.messages.listQueued('a').map(({ id, tries }) => [id, tries])).toEqual([
      ['m1', 0],
      ['m2', 0],
    ])
    expect(store.runs.get('r')).toMatchObject({ ready_at: null, background: 0, turns: 0 })
    // What it cost then is known as far as it was told.
    expect(store.agents.get('a')).toMatchObject({ turns: 3, cost_usd: null, turns_without_usd: 3 })
    expect(store.agents.get('a')).toMatchObject({ input_tokens: 5, turns_without_tokens: 0 })
    expect(store.costs.total('day', { agentId: null, since: null })).toMatchObject({ turns: 0 })
    expect(store.agents.listUnsettled()).toEqual(['a'])
    store.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
