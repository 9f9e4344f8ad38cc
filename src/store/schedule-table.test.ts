import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Store } from './index.ts'
import { migrations } from './migrations.ts'
import { openDatabase, type OpenOptions } from './open.ts'
import type { NewSchedule } from './schedule-table.ts'

let folder: string
let options: OpenOptions
let store: Store
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-schedules-'))
  options = {
    file: path.join(folder, 'drover.db'),
    backupsFolder: path.join(folder, 'backups'),
    moveAsideCorrupt: false,
    report: () => undefined,
  }
  store = new Store(options)
  for (const name of ['a', 'b']) {
    store.agents.insert({
      id: `agent_${name}`,
      name,
      spec: '{}',
      template: null,
      wish: null,
      requestId: null,
      isEphemeral: false,
      firstSeq: 0,
      now: 1,
    })
  }
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

function insert(name: string, changes: Partial<NewSchedule> = {}): void {
  store.schedules.insert({
    id: `sch_${name}`,
    name,
    cron: '* * * * *',
    timeZone: 'UTC',
    missed: 'skip',
    body: 'text',
    agentId: 'agent_a',
    run: null,
    nextAt: 100,
    now: 1,
    ...changes,
  })
}

describe('schedules', () => {
  test('come back as they were put in, with the name of their agent', () => {
    insert('one')
    insert('two', { agentId: null, run: '{"template":"hello"}', missed: 'once' })
    expect(store.schedules.list().map(({ name }) => name)).toEqual(['one', 'two'])
    expect(store.schedules.getByName('one')).toEqual({
      id: 'sch_one',
      name: 'one',
      cron: '* * * * *',
      time_zone: 'UTC',
      missed: 'skip',
      body: 'text',
      agent_id: 'agent_a',
      agent: 'a',
      run: null,
      is_paused: 0,
      next_at: 100,
      last_at: null,
      last_outcome: null,
      created_at: 1,
    })
    expect(store.schedules.get('sch_two')).toMatchObject({
      agent: null,
      run: '{"template":"hello"}',
      missed: 'once',
    })
  })

  test('have a name of their own, and exactly one target', () => {
    insert('one')
    expect(() => insert('one', { id: 'sch_other' })).toThrow(/UNIQUE/)
    expect(() => insert('none', { agentId: null })).toThrow(/CHECK/)
    expect(() => insert('both', { run: '{}' })).toThrow(/CHECK/)
  })

  test('are due by their next time, the longest due first; a paused one is not', () => {
    insert('late', { nextAt: 200 })
    insert('early', { nextAt: 100 })
    insert('paused', { nextAt: 50 })
    store.schedules.setPaused('sch_paused', true, null)
    expect(store.schedules.listDue(99)).toEqual([])
    expect(store.schedules.listDue(200)).toEqual(['sch_early', 'sch_late'])
    expect(store.schedules.listWaiting().toSorted()).toEqual(['sch_early', 'sch_late'])
    expect([0, 99, 100, 200].map((at) => store.schedules.firstAfter(at))).toEqual([
      100,
      100,
      200,
      null,
    ])
    store.schedules.setNext('sch_late', null)
    store.schedules.setNext('sch_early', null)
    expect([store.schedules.isAnyWaiting(), store.schedules.isAny()]).toEqual([false, true])
  })

  test('keep the latest time they fired when later ones were passed over', () => {
    insert('one')
    store.schedules.setFired('sch_one', { at: 100, nextAt: 200, outcome: '{"n":1}' })
    store.schedules.setPassedOver('sch_one', { nextAt: 300, outcome: '{"n":2}' })
    expect(store.schedules.get('sch_one')).toMatchObject({
      last_at: 100,
      next_at: 300,
      last_outcome: '{"n":2}',
    })
  })

  test('go with their agent, and no others', () => {
    insert('one')
    insert('two')
    insert('of-b', { agentId: 'agent_b' })
    insert('fresh', { agentId: null, run: '{}' })
    expect(store.schedules.namesOfAgent('agent_a')).toEqual(['one', 'two'])
    store.schedules.deleteOfAgent('agent_a')
    store.schedules.delete('sch_fresh')
    expect(store.schedules.list().map(({ name }) => name)).toEqual(['of-b'])
    store.schedules.delete('sch_of-b')
    expect(store.schedules.isAny()).toBe(false)
  })
})

test('a database from before schedules gets them, after a whole copy of it was made, and keeps its agents', () => {
  const file = path.join(folder, 'old.db')
  const schedulesAt = migrations.findIndex((step) => step.includes('CREATE TABLE schedules'))
  const old = openDatabase({ ...options, file, migrations: migrations.slice(0, schedulesAt) })
  old.run(
    `INSERT INTO agents (id, name, spec, first_seq, created_at, active_at) VALUES ('agent_old', 'old', '{}', 0, 1, 1)`,
  )
  old.close()
  const opened = new Store({ ...options, file })
  expect(opened.agents.getByName('old')).toMatchObject({ id: 'agent_old' })
  expect(opened.schedules.list()).toEqual([])
  opened.close()
  expect(readdirSync(options.backupsFolder)).toHaveLength(1)
})
