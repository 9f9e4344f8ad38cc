import { readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import type { Guest } from '../../src/schema/guest.ts'
import { limits } from '../../src/schema/limits.ts'
import { readEvents } from '../support/events.ts'
import { GuestStage } from '../support/guest-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }
const minute = 60_000
const hour = 60 * minute

let stage: GuestStage
beforeEach(async () => {
  stage = await GuestStage.start()
  const program = ['cat']
  await stage.client.run({ template: 'command', name: 'a', runtime: 'fake', program }, up)
})
afterEach(async () => stage[Symbol.asyncDispose]())

async function open(ttlMs: number = hour): Promise<Guest> {
  return await stage.client.guests.open('a', { program: ['cat'], ttlMs })
}

async function ends(): Promise<Record<string, unknown>[]> {
  const events = await readEvents(stage.client)
  return events.filter(({ type }) => type === 'guest.ended').map(({ data }) => data)
}

const isGone = async (): Promise<boolean> => (await ends()).length > 0
const gone = async (): Promise<void> => await waitFor('it to be gone', isGone, 30_000)

/** What had to be looked at has been. */
async function lookedAt({ id }: Guest): Promise<void> {
  await stage.client.reconcile()
  await waitFor('nothing to be under way', () => {
    const row = stage.daemon.context.store.guests.get(id)
    return !row || row.end_cause === null
  })
}

describe('the time of a guest', () => {
  test('is over when it is over, be the clock set or the daemon dead', async () => {
    const set = await open(minute)
    stage.aheadMs += minute - 5000
    await lookedAt(set)
    expect(stage.lives(set.id)).toBe(true)
    stage.aheadMs += 5000
    // Nobody tells of a clock that was set: the daemon looks every 5 s.
    await gone()
    expect(await ends()).toMatchObject([{ id: set.id, cause: 'its time was over' }])
    expect(stage.lives(set.id)).toBe(false)

    const late = await open(minute)
    await stage.end()
    stage.aheadMs += 2 * minute
    await stage.begin()
    await waitFor('the other one to be gone', async () => (await ends()).length === 2)
    expect(stage.lives(late.id)).toBe(false)
    expect(readdirSync(stage.home.guestsFolder)).toEqual([])
  })

  test('a clock that was set back makes none of them longer than it was', async () => {
    const guest = await open(minute)
    await stage.end()
    stage.aheadMs -= 1000 * hour
    await stage.begin()
    const { createdAt, expiresAt } = await stage.client.guests.show(guest.id)
    expect(expiresAt - createdAt).toBe(minute)
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + stage.aheadMs + minute)
  })

  test('that is over while its runtime gives no answer, nothing is touched until it does', async () => {
    const guest = await open(minute)
    stage.faults.arm('recover-unknown', Infinity)
    await stage.client.reconcile()
    await waitFor('it to be unknown', async () => {
      const { state } = await stage.client.guests.show(guest.id)
      return state === 'unknown'
    })
    stage.aheadMs += minute
    await stage.client.reconcile()
    await waitFor('it to be ending', async () => {
      const { state, cause } = await stage.client.guests.show(guest.id)
      return state === 'ending' && cause === 'its time was over'
    })
    expect(stage.lives(guest.id)).toBe(true)
    stage.faults.disarm('recover-unknown')
    await gone()
    expect(stage.lives(guest.id)).toBe(false)
  })

  test('one that can not be ended is tried again until it is', async () => {
    const guest = await open()
    stage.faults.arm('stop-throws')
    await stage.client.guests.end(guest.id, { waitSeconds: 0 })
    await gone()
    expect(await ends()).toMatchObject([{ id: guest.id, cause: 'it was ended' }])
  })

  test('one that was unknown is found again', async () => {
    const guest = await open()
    await stage.end()
    stage.faults.arm('recover-unknown', Infinity)
    await stage.begin()
    await waitFor('it to be unknown', async () => {
      const { state } = await stage.client.guests.show(guest.id)
      return state === 'unknown'
    })
    stage.faults.disarm('recover-unknown')
    await waitFor('it to be found', async () => {
      const { state } = await stage.client.guests.show(guest.id)
      return state === 'running'
    })
    expect(await ends()).toEqual([])
  })

  test('whose program vanished is over', async () => {
    const guest = await open()
    stage.machine.vanish(guest.id)
    await gone()
    expect(await ends()).toMatchObject([{ id: guest.id, exitCode: null }])
  })
})

describe('a guest without a record', () => {
  let guest: Guest
  /** When it was made, by the clock; the longest time counts from then. */
  beforeEach(async () => {
    guest = await open()
    await stage.end()
    const database = new DatabaseSync(stage.home.databaseFile)
    database.exec('DELETE FROM guests')
    database.close()
  })

  test('is no orphan of a run: it has the longest time that any may have, and goes then', async () => {
    await stage.begin()
    expect(stage.daemon.status().recovered).toMatchObject({ orphans: 0 })
    expect((await stage.client.reconcile()).found).toEqual([])
    stage.aheadMs += limits.guest.ttlMs.max - minute
    await stage.client.reconcile()
    await stage.end()
    await stage.begin()
    expect(await stage.client.guests.list()).toEqual([])
    expect(stage.lives(guest.id)).toBe(true)
    stage.aheadMs += minute
    await stage.client.reconcile()
    await gone()
    expect(await ends()).toEqual([
      { id: guest.id, cause: 'its record was lost', exitCode: null, signal: null },
    ])
    expect(stage.lives(guest.id)).toBe(false)
    expect(readdirSync(stage.home.guestsFolder)).toEqual([])
  })

  test('is not taken for gone where nobody could list it', async () => {
    stage.faults.arm('list-throws', Infinity)
    stage.aheadMs += limits.guest.ttlMs.max
    await stage.begin()
    await stage.client.reconcile()
    expect(stage.lives(guest.id)).toBe(true)
    expect(readdirSync(stage.home.guestsFolder)).toEqual([guest.id])
    stage.faults.disarm('list-throws')
    await stage.client.reconcile()
    await gone()
    expect(stage.lives(guest.id)).toBe(false)
  })

  test('of which only the folder is left loses that in its time', async () => {
    stage.machine.vanish(guest.id)
    await stage.begin()
    expect(readdirSync(stage.home.guestsFolder)).toEqual([guest.id])
    stage.aheadMs += limits.guest.ttlMs.max
    await stage.client.reconcile()
    await gone()
    expect(readdirSync(stage.home.guestsFolder)).toEqual([])
  })
})

describe('a guest that does not come up', () => {
  test('is told of, and leaves nothing', async () => {
    stage.faults.arm('start-throws')
    await expect(open()).rejects.toMatchObject({ code: 'start_failed' })
    await gone()
    expect(await stage.client.guests.list()).toEqual([])
    expect(readdirSync(stage.home.guestsFolder)).toEqual([])
  })

  test('as far as anybody knows is ended if it did', async () => {
    stage.faults.arm('start-loses-answer')
    await expect(open()).rejects.toMatchObject({ code: 'start_failed' })
    await gone()
    const [end] = await ends()
    expect(stage.lives(String(end?.['id']))).toBe(false)
  })
})

test('an agent goes once its guests are gone, and not before', async () => {
  const guest = await open()
  const { client } = stage
  await client.sleep('a', up)
  stage.faults.arm('recover-unknown', Infinity)
  await client.remove('a')
  await waitFor('it to be told', async () => {
    const { cause } = await client.guests.show(guest.id)
    return cause === 'its agent was removed'
  })
  expect(await client.list({ all: true })).toHaveLength(1)
  expect(stage.lives(guest.id)).toBe(true)
  await expect(open()).rejects.toMatchObject({ code: 'agent_stopped' })
  stage.faults.disarm('recover-unknown')
  await waitFor('both to be gone', async () => (await client.list({ all: true })).length === 0)
  expect(stage.lives(guest.id)).toBe(false)
})

test('of what a guest says no more is kept than anybody can scroll back to', async () => {
  const { id } = await open()
  const { out } = runFiles(path.join(stage.home.guestsFolder, id))
  const size = 48 * 1024 * 1024
  writeFileSync(out, Buffer.alloc(size, 'x'))
  await waitFor('its beginning to go', () => statSync(out).blocks * 512 < 40 * 1024 * 1024)
  expect(statSync(out).size).toBe(size)
  expect(stage.lives(id)).toBe(true)
})

test('a listing that fails ends no guest', async () => {
  const guest = await open()
  stage.faults.arm('list-throws', Infinity)
  expect(await stage.client.reconcile()).toMatchObject({ unknown: 1, orphans: 0 })
  await stage.end()
  await stage.begin()
  expect(await stage.client.guests.list()).toEqual([guest])
  expect(stage.lives(guest.id)).toBe(true)
})

test('where no runtime has terminals, that is what is told', async () => {
  const { client } = stage
  await client.run({ template: 'command', name: 'plain', program: ['cat'] }, up)
  await expect(client.guests.open('plain')).rejects.toMatchObject({
    code: 'runtime_unavailable',
    message: 'A guest needs tmux for its terminal: there is none.',
  })
  await client.remove('plain', { force: true, ...up })
})
