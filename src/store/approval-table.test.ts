import { afterEach, beforeEach, expect, test } from 'vitest'
import { ApprovalTable, type ApprovalEnd, type NewApproval } from './approval-table.ts'
import { Database } from './database.ts'
import { migrations } from './migrations.ts'

let database: Database
let table: ApprovalTable
beforeEach(() => {
  database = new Database(':memory:')
  migrations.forEach((step) => database.execute(step))
  table = new ApprovalTable(database)
})
afterEach(() => {
  database.close()
})

const end: ApprovalEnd = {
  state: 'allowed',
  by: 'user',
  cause: null,
  message: null,
  isForSession: false,
  now: 2,
}

function add(id: string, part: Partial<NewApproval> = {}): void {
  table.insert({
    id,
    agentId: 'agent_a',
    agent: 'a',
    runId: 'run_1',
    question: id,
    tool: 'Bash',
    input: '{"command":"ls"}',
    reply: 'null',
    title: 'ls',
    reason: null,
    risk: 'low',
    dueAt: null,
    now: 1,
    ...part,
  })
}

const idsOf = (rows: { id: string }[]): string[] => rows.map(({ id }) => id)
const all = (): string[] => idsOf(table.list({ limit: 100 }))

test('a question is there once for each run', () => {
  add('one', { question: 'q' })
  expect(() => add('two', { question: 'q' })).toThrow(/UNIQUE/)
  add('three', { question: 'q', runId: 'run_2' })
  expect(table.getByQuestion('run_2', 'q')?.id).toBe('three')
})

test('a question comes to its end once', () => {
  add('one')
  expect(table.end('one', end)).toBe(true)
  expect(table.end('one', { ...end, state: 'denied', by: 'policy' })).toBe(false)
  expect(table.get('one')).toMatchObject({ state: 'allowed', decided_by: 'user', decided_at: 2 })
})

test('the newest are listed, oldest first, by what is asked for', () => {
  add('one')
  add('two', { agentId: 'agent_b', agent: 'b' })
  add('three')
  table.end('three', end)
  expect(idsOf(table.list({ limit: 2 }))).toEqual(['two', 'three'])
  expect(idsOf(table.list({ limit: 9, agent: 'a' }))).toEqual(['one', 'three'])
  expect(idsOf(table.list({ limit: 9, agentId: 'agent_b' }))).toEqual(['two'])
  expect(idsOf(table.list({ limit: 9, state: 'open', agent: 'a' }))).toEqual(['one'])
  expect(idsOf(table.listOpen('agent_a'))).toEqual(['one'])
})

test('the very same of earlier runs is found while it is open, or its answer was sent and not used', () => {
  add('open')
  add('sent')
  add('decided')
  add('other input', { input: '{}' })
  add('other title', { title: 'ls -l' })
  add('other tool', { tool: 'Read' })
  add('other agent', { agentId: 'agent_b' })
  add('own run', { runId: 'run_2' })
  table.end('sent', end)
  table.setSent('sent', 'm1')
  table.end('decided', end)
  const asked = { tool: 'Bash', input: '{"command":"ls"}', title: 'ls', notRunId: 'run_2' }
  expect(idsOf(table.listSame('agent_a', asked))).toEqual(['open', 'sent'])
  table.setUsed('sent')
  expect(idsOf(table.listSame('agent_a', asked))).toEqual(['open'])
  expect(table.get('sent')?.message_id).toBe('m1')
})

test('the newest are kept, and all that are open', () => {
  for (const id of ['one', 'two', 'three', 'four']) {
    add(id)
  }
  table.end('one', end)
  table.end('three', end)
  table.end('four', end)
  expect(table.prune(10, 1000)).toBe(0)
  add('five')
  expect(table.prune(2, 1000)).toBe(2)
  expect(all()).toEqual(['two', 'four', 'five'])
})

test('no more bytes are kept than may be', () => {
  const input = JSON.stringify('ü'.repeat(50))
  for (const id of ['one', 'two', 'three']) {
    add(id, { input })
    table.end(id, end)
  }
  expect(table.prune(10, 250)).toBe(1)
  expect(all()).toEqual(['two', 'three'])
  // Nothing was added since, so nothing is looked at.
  expect(table.prune(1, 1)).toBe(0)
})
