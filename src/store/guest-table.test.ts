import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NewGuest } from './guest-table.ts'
import { Store } from './index.ts'

let folder: string
let store: Store
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-guests-'))
  store = new Store({
    file: path.join(folder, 'drover.db'),
    backupsFolder: path.join(folder, 'backups'),
    moveAsideCorrupt: false,
    report: () => undefined,
  })
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

function insert(id: string, changes: Partial<NewGuest> = {}): void {
  store.guests.insert({
    id,
    agentId: 'agent_a',
    agent: 'a',
    runtime: 'tmux',
    program: ['/bin/sh', '-c', 'a b'],
    dir: '/home/ada',
    createdAt: 1000,
    expiresAt: 61_000,
    ...changes,
  })
}

test('a guest is there from the intent on, and its program is as it was given', () => {
  insert('guest_1')
  expect(store.guests.get('guest_1')).toEqual({
    id: 'guest_1',
    agent_id: 'agent_a',
    agent: 'a',
    runtime: 'tmux',
    program: '["/bin/sh","-c","a b"]',
    dir: '/home/ada',
    handle: null,
    is_unknown: 0,
    end_cause: null,
    created_at: 1000,
    expires_at: 61_000,
  })
  expect(store.guests.get('guest_2')).toBeUndefined()
})

test('guests are listed by age, all or those of an agent', () => {
  insert('guest_2', { createdAt: 2000 })
  insert('guest_1', { createdAt: 3000 })
  insert('guest_3', { createdAt: 1000, agentId: 'agent_b', agent: 'b' })
  const ids = (rows: { id: string }[]): string[] => rows.map(({ id }) => id)
  expect(ids(store.guests.list())).toEqual(['guest_3', 'guest_2', 'guest_1'])
  expect(ids(store.guests.listOfAgent('agent_a'))).toEqual(['guest_2', 'guest_1'])
  expect(store.guests.count()).toBe(3)
  store.guests.delete('guest_3')
  expect(store.guests.count()).toBe(2)
})

test('one that can be asked again is unknown no more', () => {
  insert('guest_1')
  store.guests.setUnknown('guest_1')
  expect(store.guests.get('guest_1')?.is_unknown).toBe(1)
  store.guests.setHandle('guest_1', '{"v":1}')
  expect(store.guests.get('guest_1')).toMatchObject({ is_unknown: 0, handle: '{"v":1}' })
})

test('why a guest ends is said once: the first cause stays', () => {
  insert('guest_1')
  expect(store.guests.setEnding('guest_1', 'its time was over')).toBe(true)
  expect(store.guests.setEnding('guest_1', 'it was ended')).toBe(false)
  expect(store.guests.get('guest_1')?.end_cause).toBe('its time was over')
})

test('a clock that was set back gives a guest its own time anew, not years', () => {
  insert('guest_1', { createdAt: 10_000, expiresAt: 70_000 })
  insert('guest_2', { createdAt: 4000, expiresAt: 64_000 })
  store.settleClock(5000, 0)
  expect(store.guests.get('guest_1')).toMatchObject({ created_at: 5000, expires_at: 65_000 })
  expect(store.guests.get('guest_2')).toMatchObject({ created_at: 4000, expires_at: 64_000 })
})
