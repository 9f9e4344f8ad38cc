import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import type { Event } from '../../src/schema/event.ts'
import type { ScheduleRequestInput } from '../../src/schema/schedule.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { canMount, mountSmallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))
const everySecond = '* * * * * *'
const up = { waitSeconds: 20 }

async function firedIn(client: Client): Promise<Event[]> {
  return (await readEvents(client)).filter(({ type }) => type === 'schedule.fired')
}

const timesOf = (events: readonly Event[]): number[] => events.map(({ data }) => Number(data['at']))

/** Every second from the first on, once: none was lost, none came twice. */
function expectEverySecond(times: readonly number[]): void {
  expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * 1000))
}

/** An agent that keeps its own account of what it took, and what writes to it each second. */
async function startTaking(client: Client, folder: string): Promise<void> {
  const program = ['/bin/sh', agentScript, folder]
  await client.run({ template: 'command', name: 'a', dir: folder, program }, up)
  await client.schedules.add({ name: 's', cron: everySecond, body: 'tick', agent: 'a' })
}

/** Ends the schedule and the agents; every message that was sent was taken once. */
async function expectTakenOnce(client: Client, folder: string, atLeast: number): Promise<void> {
  await client.schedules.pause('s')
  const fired = await firedIn(client)
  expect(fired.length).toBeGreaterThanOrEqual(atLeast)
  expectEverySecond(timesOf(fired))
  for (const { data } of fired) {
    expect((await client.message(String(data['message']), up)).state).toBe('done')
  }
  const taken = readFileSync(path.join(folder, 'taken'), 'utf8').trimEnd().split('\n')
  expect(taken).toEqual(fired.map(() => 'tick'))
  expectGapless(await readEvents(client))
}

async function removeAll(client: Client): Promise<void> {
  for (const { name } of await client.list({ all: true })) {
    await client.remove(name, { force: true, ...up })
  }
}

describe.concurrent('a daemon that is killed while a schedule fires', () => {
  test.each([
    'schedule-due',
    'schedule-due:3',
    'schedule-fired',
    'schedule-fired:3',
    'input-assigned:2',
    'input-appended:2',
  ])('at %s sends each message once', async (fault) => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ isLeftClean: true, env: { DROVER_FAULT: fault } })
    const { client } = daemon
    await startTaking(client, folder.path).catch(() => undefined)
    expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await daemon.start({ env: {} })
    await waitFor('it to go on', async () => (await firedIn(client)).length >= 6)
    await expectTakenOnce(client, folder.path, 6)
    await removeAll(client)
  })

  test.each([
    'schedule-due',
    'schedule-due:2',
    'schedule-fired',
    'schedule-fired:2',
    'request-committed',
    'run-spawned:2',
  ])('at %s makes one agent each time', async (fault) => {
    await using daemon = await startTestDaemon({ isLeftClean: true, env: { DROVER_FAULT: fault } })
    const { client } = daemon
    const request: ScheduleRequestInput = {
      name: 's',
      cron: everySecond,
      body: 'work',
      run: { template: 'command', program: ['/bin/cat'], options: { settleMs: 10 } },
    }
    await client.schedules.add(request)
    expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await daemon.start({ env: {} })
    await waitFor('it to go on', async () => (await firedIn(client)).length >= 4)
    await client.schedules.remove('s')
    const fired = await firedIn(client)
    expectEverySecond(timesOf(fired))
    const agents = (await client.list({ all: true })).map(({ name }) => name)
    expect(agents.toSorted()).toEqual(fired.map(({ agent }) => String(agent)).toSorted())
    for (const name of agents) {
      const messages = await client.messages(name)
      expect(messages.map(({ from, body }) => [from, body])).toEqual([['schedule:s', 'work']])
      expect((await client.message(messages[0]?.id ?? '', up)).state).toBe('done')
    }
    expectGapless(await readEvents(client))
    await removeAll(client)
  })
})

test('a daemon that is killed again and again while a schedule fires each second loses and doubles none', async () => {
  using folder = temporaryFolder()
  await using daemon = await startTestDaemon({ isLeftClean: true })
  const { client } = daemon
  await startTaking(client, folder.path)
  // At other moments of the second each time; the whole takes less than the grace for each fire.
  for (const lifeMs of [1030, 210, 1470, 690, 350, 930, 0, 1810]) {
    await sleep(lifeMs)
    await daemon.restart()
  }
  const { length } = await firedIn(client)
  await waitFor('it to go on', async () => (await firedIn(client)).length > length)
  await expectTakenOnce(client, folder.path, 8)
  await removeAll(client)
})

test.each(['schedule-passed-over', 'schedule-due'])(
  'a daemon that is killed at %s tells of missed times once, and fires the next one',
  async (fault) => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await client.run({ template: 'command', name: 'a', program: ['/bin/cat'] }, up)
    await client.schedules.add({ name: 's', cron: '0 * * * * *', body: 'x', agent: 'a' })
    await daemon.kill()
    const missedAt = Math.floor(Date.now() / 60_000) * 60_000 - 10 * 60_000
    setNext(daemon, missedAt)
    // It may die before it takes requests.
    await daemon.start({ env: { DROVER_FAULT: fault } }).catch(() => undefined)
    await waitFor('it to die', async () => await isGone(client))
    await daemon.start({ env: {} })
    const missed = async (): Promise<Event[]> =>
      (await readEvents(client)).filter(({ type }) => type === 'schedule.missed')
    await waitFor('it to tell', async () => (await missed()).length > 0)
    await client.schedules.pause('s')
    // The newest may have become too late between the two lives, and is then told of by itself.
    const counts = (await missed()).map(({ data }) => Number(data['count']))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeOneOf([10, 11])
    expect(counts.length).toBeLessThanOrEqual(2)
    expect(timesOf(await firedIn(client)).filter((at) => at < Date.now() - 120_000)).toEqual([])
    expectGapless(await readEvents(client))
    await removeAll(client)
  },
)

requireOrSkip('small-disk', canMount)(
  'on a full disk nothing is fired half; once there is space all goes on, each time once',
  async () => {
    using disk = mountSmallDisk(8 * 1024 * 1024)
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ home: disk.path, isLeftClean: true })
    const { client } = daemon
    await startTaking(client, folder.path)
    await waitFor('it to fire', async () => (await firedIn(client)).length >= 2)
    disk.fill()
    const body = 'x'.repeat(100_000)
    for (let isFull = false; !isFull;) {
      isFull = await client.send('a', { body }).then(
        () => false,
        () => true,
      )
    }
    const overdueMs = async (): Promise<number> =>
      Date.now() - ((await client.schedules.show('s')).next[0] ?? Date.now())
    await waitFor('a time to be due that can not be fired', async () => (await overdueMs()) > 3000)
    disk.free()
    await waitFor('it to catch up', async () => (await overdueMs()) <= 0, 40_000)
    await client.schedules.pause('s')
    expectEverySecond(timesOf(await firedIn(client)))
    await removeAll(client)
  },
)

/** As if nobody had been there since: what the row says is all that the next daemon knows. */
function setNext({ home }: TestDaemon, nextAt: number): void {
  const database = new DatabaseSync(home.databaseFile)
  database.prepare('UPDATE schedules SET next_at = ?').run(nextAt)
  database.close()
}

async function isGone(client: Client): Promise<boolean> {
  return await client.status().then(
    () => false,
    () => true,
  )
}
