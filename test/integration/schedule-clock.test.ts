import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { limits } from '../../src/schema/limits.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { ScheduleRequest, type ScheduleRequestInput } from '../../src/schema/schedule.ts'
import { resolveHome } from '../../src/util/home.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const noon = Date.parse('2026-11-20T12:00:00Z')

/** A daemon of this process, whose clock on the wall goes as the test says. */
class Stage {
  readonly folder = createTemporaryFolder()
  daemon!: Daemon
  now = noon + 30 * second
  /** Holds every launch back. */
  gate: Promise<void> | null = null
  /** Launches that were asked for. */
  launches = 0

  async start(): Promise<void> {
    this.daemon = await Daemon.start({
      home: resolveHome({ DROVER_HOME: this.folder }),
      env: { PATH: process.env['PATH'] },
      version: '0',
      providers: [
        {
          ...commandProvider,
          launch: async (request) => {
            this.launches++
            await this.gate
            return await commandProvider.launch(request)
          },
        },
        // Says when a turn is over, so it gets one message at a time.
        {
          ...commandProvider,
          name: 'turns',
          capabilities: { ...commandProvider.capabilities, turns: true },
        },
      ],
      runtimes: [new FakeRuntime()],
      moveAsideCorrupt: false,
      now: () => this.now,
    })
  }

  async makeAgent(changes: Partial<RunRequest> = {}): Promise<void> {
    const request = { template: 'command', name: 'a', runtime: 'fake', program: ['cat'] }
    await this.daemon.agents.create(RunRequest.parse({ ...request, ...changes }))
  }

  async add(changes: Partial<ScheduleRequestInput>): Promise<void> {
    await this.daemon.schedules.create(
      ScheduleRequest.parse({
        name: 's',
        cron: '* * * * *',
        timeZone: 'UTC',
        body: 'now',
        agent: 'a',
        ...changes,
      }),
    )
  }

  /** Sets the clock, as a person does, or a machine that slept. */
  async setClock(at: number): Promise<void> {
    this.now = at
    await this.look()
  }

  /** What would be seen at the next look, at the latest after some seconds. */
  async look(): Promise<void> {
    this.daemon.schedules.look()
    await this.daemon.schedules.ended()
  }

  /** Events of schedules: what they say, by their type. */
  events(): [type: string, data: Record<string, unknown>][] {
    return this.daemon.context.store.events
      .after(0)
      .events.filter(({ type }) => type.startsWith('schedule.'))
      .map(({ type, json }) => [type, JSON.parse(json) as Record<string, unknown>])
  }

  /** The times that were fired, as offsets from noon in minutes. */
  fired(): number[] {
    return this.events()
      .filter(([type]) => type === 'schedule.fired')
      .map(([, { at }]) => (Number(at) - noon) / minute)
  }

  async end(): Promise<void> {
    this.gate = null
    await this.daemon.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

let stage: Stage
beforeEach(async () => {
  stage = new Stage()
  await stage.start()
  await stage.makeAgent()
})
afterEach(async () => {
  await stage.end()
})

describe('a clock that is set forward, or a machine that slept', () => {
  test('costs what was missed under skip, and says how much; what is hardly late is fired', async () => {
    await stage.add({})
    await stage.setClock(noon + 10 * minute + 5 * second)
    expect(stage.fired()).toEqual([10])
    expect(stage.events().slice(1)).toEqual([
      ['schedule.missed', { name: 's', count: 9, until: noon + 9 * minute }],
      ['schedule.fired', expect.objectContaining({ name: 's', at: noon + 10 * minute, missed: 0 })],
    ])
  })

  test('fires once for all that was missed under once, under the id of the latest', async () => {
    await stage.add({ missed: 'once', cron: '0 * * * *' })
    await stage.setClock(noon + 5.5 * hour)
    expect(stage.events().slice(1)).toEqual([
      ['schedule.fired', expect.objectContaining({ at: noon + 5 * hour, missed: 5 })],
    ])
    const { id, lastAt, lastOutcome, next } = await stage.daemon.schedules.show('s')
    const message = `schedule:${id}:2026-11-20T17:00:00Z`
    expect({ lastAt, lastOutcome }).toMatchObject({
      lastAt: noon + 5 * hour,
      lastOutcome: { state: 'fired', message, missed: 5 },
    })
    expect(next[0]).toBe(noon + 6 * hour)
    expect(stage.daemon.mailbox.show(message)).toMatchObject({ from: 'schedule:s', body: 'now' })
  })

  test('fires each time that is late by less than the grace by itself', async () => {
    await stage.add({ cron: '*/10 * * * * *' })
    await stage.setClock(stage.now + 55 * second)
    expect(stage.fired()).toEqual([40, 50, 60, 70, 80].map((at) => at / 60))
  })
})

describe('a clock that is set back', () => {
  test('fires no time twice, and goes on as soon as there is one that was not fired', async () => {
    await stage.add({})
    await stage.setClock(noon + minute)
    await stage.setClock(noon + 2 * minute)
    await stage.setClock(noon - 30 * minute)
    await stage.setClock(noon + 1.5 * minute)
    await stage.setClock(noon + 2.5 * minute)
    expect(stage.fired()).toEqual([1, 2])
    await stage.setClock(noon + 3 * minute)
    expect(stage.fired()).toEqual([1, 2, 3])
  })

  test('after it was far ahead does not silence a schedule that fired nothing there', async () => {
    await stage.add({ cron: '0 * * * *' })
    // A year ahead, at half past: all is passed over, nothing is fired.
    await stage.setClock(noon + 365 * 24 * hour + 30 * minute)
    expect(stage.fired()).toEqual([])
    expect((await stage.daemon.schedules.show('s')).lastOutcome).toMatchObject({
      state: 'missed',
      missed: 1000,
    })
    await stage.setClock(noon + 30 * minute)
    expect((await stage.daemon.schedules.show('s')).next[0]).toBe(noon + hour)
    await stage.setClock(noon + hour)
    expect(stage.fired()).toEqual([60])
  })

  test('while no daemon is there does not either', async () => {
    await stage.add({ cron: '0 * * * *' })
    await stage.setClock(noon + 100 * hour + 30 * minute)
    await stage.daemon.stop()
    stage.now = noon + 30 * minute
    await stage.start()
    await stage.daemon.schedules.ended()
    expect((await stage.daemon.schedules.show('s')).next[0]).toBe(noon + hour)
  })
})

test('a daemon that was away passes over or fires once, as the schedule says', async () => {
  await stage.add({ name: 'skipping' })
  await stage.add({ name: 'once', missed: 'once' })
  await stage.daemon.stop()
  stage.now = noon + 4 * minute + 30 * second
  await stage.start()
  await stage.daemon.schedules.ended()
  const said = stage
    .events()
    .map(([type, { name, at, until, missed, count }]) => [
      type,
      name,
      (Number(at ?? until) - noon) / minute,
      missed ?? count,
    ])
  const about = (wanted: string): unknown[] => said.filter(([, name]) => name === wanted).slice(1)
  expect(about('skipping')).toEqual([
    ['schedule.missed', 'skipping', 3, 3],
    ['schedule.fired', 'skipping', 4, 0],
  ])
  expect(about('once')).toEqual([
    ['schedule.fired', 'once', 3, 3],
    ['schedule.fired', 'once', 4, 0],
  ])
})

test('a pause costs its times, and they are not missed', async () => {
  await stage.add({})
  expect(await stage.daemon.schedules.pause('s')).toMatchObject({ isPaused: true, next: [] })
  await stage.setClock(noon + 10 * minute + 30 * second)
  const resumed = await stage.daemon.schedules.resume('s')
  expect(resumed).toMatchObject({ isPaused: false })
  expect(resumed.next[0]).toBe(noon + 11 * minute)
  await stage.setClock(noon + 11 * minute)
  expect(stage.fired()).toEqual([11])
  expect(stage.events().map(([type]) => type)).toEqual([
    'schedule.created',
    'schedule.paused',
    'schedule.resumed',
    'schedule.fired',
  ])
})

test('an agent with too much waiting refuses, and the schedule goes on', async () => {
  const { context } = stage.daemon
  await stage.makeAgent({ name: 'busy', template: 'turns', program: ['sleep'], prompt: 'first' })
  const agent = context.store.agents.getByName('busy')
  await stage.add({ agent: 'busy' })
  context.store.transaction('relaxed', () => {
    for (let number = 0; number < limits.queuedMessages; number++) {
      context.store.messages.insert({
        id: `m${number}`,
        agentId: agent?.id ?? '',
        sender: 'user',
        body: 'x',
        state: 'stored',
        cause: null,
        now: stage.now,
      })
    }
  })
  await stage.setClock(noon + minute)
  expect(await stage.daemon.schedules.show('s')).toMatchObject({
    lastOutcome: { state: 'failed', code: 'queue_full', message: null, at: noon + minute },
    lastAt: noon + minute,
  })
  expect(stage.events().at(-1)).toMatchObject(['schedule.failed', { code: 'queue_full' }])
})

describe('a fire that is under way', () => {
  const fresh = { run: { template: 'command', runtime: 'fake', program: ['cat'] } }
  const namesOf = (): string[] => stage.daemon.agents.list(true).map(({ name }) => name)

  /** The launch of the fresh agent is looked into, and does not come back yet. */
  async function fireUntilGate(): Promise<() => Promise<void>> {
    await stage.add({ ...fresh, agent: undefined })
    const { promise, resolve } = Promise.withResolvers<void>()
    stage.gate = promise
    stage.now = noon + minute
    const before = stage.launches
    stage.daemon.schedules.look()
    await waitFor('the launch', () => stage.launches > before)
    return async () => {
      resolve()
      await stage.look()
    }
  }

  test('makes the agent, and the schedule has moved on with it', async () => {
    const open = await fireUntilGate()
    expect(stage.fired()).toEqual([])
    await open()
    expect(namesOf()).toEqual(['a', 'command-1'])
    expect(stage.fired()).toEqual([1])
    expect((await stage.daemon.schedules.show('s')).lastOutcome).toMatchObject({
      state: 'fired',
      agent: 'command-1',
      message: null,
    })
  })

  test.for(['removed', 'paused'])('makes none when the schedule was %s meanwhile', async (what) => {
    const open = await fireUntilGate()
    await (what === 'removed'
      ? stage.daemon.schedules.remove('s')
      : stage.daemon.schedules.pause('s'))
    await open()
    expect(namesOf()).toEqual(['a'])
    expect(stage.events().map(([type]) => type)).toEqual(['schedule.created', `schedule.${what}`])
  })

  test('holds up no other schedule', async () => {
    const open = await fireUntilGate()
    await stage.add({ name: 'other' })
    stage.now = noon + 2 * minute
    stage.daemon.schedules.look()
    await waitFor('the other one to be fired', () => stage.fired().includes(2))
    await open()
  })

  test('is waited for by a daemon that ends, and fires nothing after', async () => {
    const open = await fireUntilGate()
    const ended = stage.daemon.stop()
    await open()
    await ended
    await stage.start()
    expect(namesOf()).toEqual(['a', 'command-1'])
    expect(stage.fired()).toEqual([1])
  })
})

test('a schedule whose time zone is not known any more fails once and rests, and can be shown and removed', async () => {
  await stage.add({})
  await stage.daemon.stop()
  const connection = new DatabaseSync(stage.daemon.context.home.databaseFile)
  connection.exec(`UPDATE schedules SET time_zone = 'Mars/Olympus'`)
  connection.close()
  stage.now = noon + minute
  await stage.start()
  await stage.daemon.schedules.ended()
  expect(await stage.daemon.schedules.list()).toMatchObject([
    {
      next: [],
      lastOutcome: { state: 'failed', code: 'invalid_schedule', at: noon + minute },
    },
  ])
  await stage.setClock(noon + hour)
  expect(stage.events().filter(([type]) => type === 'schedule.failed')).toHaveLength(1)
  stage.daemon.schedules.remove('s')
  expect(await stage.daemon.schedules.list()).toEqual([])
})
