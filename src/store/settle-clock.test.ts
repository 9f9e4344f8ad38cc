import { expect, test } from 'vitest'
import { Database } from './database.ts'
import { migrations } from './migrations.ts'
import { settleClock } from './settle-clock.ts'

test('times from before the clock was set back count as now; those of the past stay', () => {
  const database = new Database(':memory:')
  migrations.forEach((step) => database.execute(step))
  const agent = `INSERT INTO agents (id, name, spec, run_id, not_before, wait_since, parked_until, first_seq, created_at, active_at)
    VALUES (?, ?, '{}', ?, ?, ?, 9000, 0, 1, 1)`
  database.run(agent, 'a', 'a', 'run_a', 9000, 9000)
  database.run(agent, 'b', 'b', 'run_b', 1050, 800)
  const run = `INSERT INTO runs (id, agent_id, runtime, provider, status, is_resumed, created_at, started_at, ready_at, active_at)
    VALUES (?, ?, 'r', 'p', 'running', 0, ?, ?, NULL, ?)`
  database.run(run, 'run_a', 'a', 900, 9000, 9500)
  database.run(run, 'run_b', 'b', 700, 800, 900)
  const question = `INSERT INTO approvals (id, agent_id, agent, run_id, question, tool, input, reply, title, risk, state, due_at, asked_at)
    VALUES (?1, 'a', 'a', 'run_a', ?1, 't', '{}', 'null', 't', 'low', ?2, ?3, ?4)`
  database.run(question, 'ahead', 'open', 9600, 9000)
  database.run(question, 'for ever', 'open', null, 9000)
  database.run(question, 'before', 'open', 1500, 900)
  database.run(question, 'over', 'denied', 9600, 9000)
  settleClock(database, 1000, 100)
  expect(database.all('SELECT due_at, asked_at FROM approvals ORDER BY seq')).toMatchObject([
    { due_at: 1600, asked_at: 1000 },
    { due_at: null, asked_at: 1000 },
    { due_at: 1500, asked_at: 900 },
    { due_at: 9600, asked_at: 9000 },
  ])
  expect(
    database.all('SELECT not_before, wait_since, parked_until FROM agents ORDER BY id'),
  ).toMatchObject([
    { not_before: 1100, wait_since: 1000, parked_until: 9000 },
    { not_before: 1050, wait_since: 800, parked_until: 9000 },
  ])
  expect(
    database.all('SELECT created_at, started_at, ready_at, active_at FROM runs ORDER BY id'),
  ).toMatchObject([
    { created_at: 900, started_at: 1000, ready_at: null, active_at: 1000 },
    { created_at: 700, started_at: 800, ready_at: null, active_at: 900 },
  ])
  database.close()
})
