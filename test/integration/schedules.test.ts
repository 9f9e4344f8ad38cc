import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import type { ErrorCode } from '../../src/schema/error.ts'
import { errorTable } from '../../src/schema/error-table.ts'
import type { Event } from '../../src/schema/event.ts'
import type { ScheduleRequestInput } from '../../src/schema/schedule.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { snapshotOf } from '../support/snapshot.ts'
import { waitFor } from '../support/wait-for.ts'

const everySecond = '* * * * * *'
/** Far from any time at which tests are run. */
const rarely = '0 3 1 7 *'
const secondMs = 1000
const up = { waitSeconds: 20 }

let daemon: TestDaemon
let client: Client
beforeAll(async () => {
  daemon = await startTestDaemon({ isLeftClean: true })
  client = daemon.client
  await client.run({ template: 'command', name: 'echo', program: ['/bin/cat'] }, up)
})
afterAll(async () => {
  for (const { name } of await client.schedules.list()) {
    await client.schedules.remove(name)
  }
  for (const { name } of await client.list({ all: true })) {
    await client.remove(name, { force: true, ...up })
  }
  await daemon[Symbol.asyncDispose]()
})

/** Events of one type about one schedule. */
async function eventsOf(type: string, name: string): Promise<Event[]> {
  const events = await readEvents(client)
  return events.filter((event) => event.type === type && event.data['name'] === name)
}

async function waitForEvents(type: string, name: string, count: number): Promise<Event[]> {
  await waitFor(
    `${count} events ${type} of ${name}`,
    async () => (await eventsOf(type, name)).length >= count,
  )
  return await eventsOf(type, name)
}

const timesOf = (events: readonly Event[]): number[] => events.map(({ data }) => Number(data['at']))

function expectConsecutiveSeconds(times: readonly number[]): void {
  expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * secondMs))
}

describe('a schedule for an agent', () => {
  test('sends its text each time, wakes the agent, and says so', async () => {
    await client.sleep('echo', up)
    const made = await client.schedules.add({
      name: 'ticks',
      cron: ` ${everySecond} `,
      body: 'tick',
      agent: 'echo',
    })
    expect(made).toMatchObject({
      name: 'ticks',
      cron: everySecond,
      timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
      missed: 'skip',
      agent: 'echo',
      run: null,
      isPaused: false,
    })
    expect(made.next).toHaveLength(5)
    expectConsecutiveSeconds(made.next)
    const fired = await waitForEvents('schedule.fired', 'ticks', 3)
    await client.schedules.pause('ticks')
    expectConsecutiveSeconds(timesOf(fired))
    for (const { at, agent, data } of fired) {
      expect(agent).toBe('echo')
      expect(at - Number(data['at'])).toBeGreaterThanOrEqual(0)
      const iso = new Date(Number(data['at'])).toISOString().replace('.000Z', 'Z')
      expect(data['message']).toBe(`schedule:${made.id}:${iso}`)
      expect(await client.message(String(data['message']), up)).toMatchObject({
        state: 'done',
        from: 'schedule:ticks',
        body: 'tick',
        reply: 'tick',
      })
    }
    expect((await eventsOf('schedule.created', 'ticks'))[0]).toMatchObject({
      agent: 'echo',
      data: { cron: everySecond, missed: 'skip', template: null },
    })
    await client.schedules.remove('ticks')
    expect(await eventsOf('schedule.removed', 'ticks')).toHaveLength(1)
  })

  test('fails while the agent is stopped, with the cause, and goes on when it is released', async () => {
    await client.stop('echo', up)
    await client.schedules.add({ name: 'to-stopped', cron: everySecond, body: 'x', agent: 'echo' })
    const [failed] = await waitForEvents('schedule.failed', 'to-stopped', 2)
    expect(failed).toMatchObject({ agent: 'echo', data: { code: 'agent_stopped' } })
    expect(await client.message(String(failed?.data['message']))).toMatchObject({
      state: 'refused',
      from: 'schedule:to-stopped',
    })
    expect(await client.schedules.show('to-stopped')).toMatchObject({
      lastOutcome: {
        state: 'failed',
        code: 'agent_stopped',
        cause: expect.stringContaining('stopped') as string,
      },
    })
    await client.start('echo', up)
    await waitForEvents('schedule.fired', 'to-stopped', 1)
    const all = [
      ...timesOf(await eventsOf('schedule.failed', 'to-stopped')),
      ...timesOf(await eventsOf('schedule.fired', 'to-stopped')),
    ]
    await client.schedules.remove('to-stopped')
    expectConsecutiveSeconds(all)
  })

  test('goes with its agent', async () => {
    await client.run({ template: 'command', name: 'short-lived', program: ['/bin/cat'] }, up)
    for (const name of ['of-it', 'of-it-too']) {
      await client.schedules.add({ name, cron: rarely, body: 'x', agent: 'short-lived' })
    }
    await client.schedules.add({ name: 'of-another', cron: rarely, body: 'x', agent: 'echo' })
    expect(await client.remove('short-lived', { force: true, ...up })).toEqual({
      ok: true,
      schedules: ['of-it', 'of-it-too'],
      worktree: null,
    })
    expect((await client.schedules.list()).map(({ name }) => name)).toEqual(['of-another'])
    expect(await eventsOf('schedule.removed', 'of-it')).toMatchObject([
      { agent: 'short-lived', data: { cause: 'its agent was removed' } },
    ])
    await client.schedules.remove('of-another')
  })
})

describe('a schedule for fresh agents', () => {
  test('makes one each time, whose first message is the text', async () => {
    await client.schedules.add({
      name: 'workers',
      cron: everySecond,
      body: 'work',
      run: { template: 'command', program: ['/bin/cat'], options: { settleMs: 10 } },
    })
    const fired = await waitForEvents('schedule.fired', 'workers', 2)
    await client.schedules.remove('workers')
    expectConsecutiveSeconds(timesOf(fired))
    const names = fired.map(({ agent, data }) => {
      expect(data['agent']).toBe(agent)
      return String(agent)
    })
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) {
      const [message] = await client.messages(name)
      expect(message).toMatchObject({ from: 'schedule:workers', body: 'work' })
      expect(await client.message(message?.id ?? '', up)).toMatchObject({
        state: 'done',
        reply: 'work',
      })
    }
  })

  test('makes ones that go when their task is done', async () => {
    const { id } = await client.schedules.add({
      name: 'tasks',
      cron: everySecond,
      body: 'task',
      run: { template: 'command', program: ['/bin/cat'], ephemeral: true },
    })
    const [first] = await waitForEvents('schedule.fired', 'tasks', 1)
    await client.schedules.remove('tasks')
    await waitFor('its agent to be gone', async () => {
      const agents = await client.list({ all: true })
      return agents.every(({ name }) => name !== first?.agent)
    })
    // Who asks again under the id of the fire gets the same answer, and no second agent.
    const iso = new Date(Number(first?.data['at'])).toISOString().replace('.000Z', 'Z')
    const again = await client.run({
      template: 'command',
      program: ['/bin/cat'],
      prompt: 'task',
      ephemeral: true,
      requestId: `schedule:${id}:${iso}`,
    })
    expect(again).toMatchObject({ name: first?.agent, message: { state: 'done', reply: 'task' } })
  })

  test('fails with the cause once its template is gone, and goes on', async () => {
    const { templatesFolder } = daemon.home
    const file = path.join(templatesFolder, 'passing.yaml')
    mkdirSync(templatesFolder, { recursive: true })
    writeFileSync(file, 'provider: command\nprogram: [cat]\n')
    await client.schedules.add({
      name: 'passing',
      cron: everySecond,
      body: 'x',
      run: { template: 'passing' },
    })
    rmSync(file)
    await waitForEvents('schedule.failed', 'passing', 2)
    expect(await client.schedules.show('passing')).toMatchObject({
      lastOutcome: {
        state: 'failed',
        code: 'template_not_found',
        cause: expect.stringContaining('passing') as string,
      },
    })
    await client.schedules.remove('passing')
  })
})

describe('adding a schedule', () => {
  const request = {
    name: 'same',
    cron: '0 9 * * 1-5',
    timeZone: 'Europe/Berlin',
    body: 'x',
    run: { template: 'command', program: ['/bin/cat'], env: { A: '1' } },
  }

  test('again answers with the first one; another of that name is refused', async () => {
    const first = await client.schedules.add(request)
    expect(await client.schedules.add({ ...request, cron: '0  9 * * 1-5' })).toEqual(first)
    const others = [
      { cron: '0 10 * * 1-5' },
      { timeZone: 'Europe/Paris' },
      { missed: 'once' as const },
      { body: 'y' },
      { run: { ...request.run, env: { A: '2' } } },
      { run: undefined, agent: 'echo' },
    ]
    for (const other of others) {
      await expect(client.schedules.add({ ...request, ...other })).rejects.toMatchObject({
        code: 'name_taken',
        details: { field: 'name' },
      })
    }
    expect(await client.schedules.list()).toEqual([first])
    expect(await eventsOf('schedule.created', 'same')).toHaveLength(1)
    await client.schedules.remove('same')
    const second = await client.schedules.add(request)
    expect(second.id).not.toBe(first.id)
    await client.schedules.remove('same')
  })

  test('shows the next five times by the clocks of its zone, over a change of the clock', async () => {
    const made = await client.schedules.add({ ...request, cron: '30 2 * * *' })
    const hours = made.next.map((at) =>
      new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' }).format(
        at,
      ),
    )
    expect(hours).toEqual(Array.from({ length: 5 }, () => '02:30'))
    expect(made.next.toSorted((a, b) => a - b)).toEqual(made.next)
    await client.schedules.remove('same')
  })
})

test('pause and resume may be asked for twice', async () => {
  await client.schedules.add({ name: 'resting', cron: rarely, body: 'x', agent: 'echo' })
  for (const verb of ['pause', 'resume'] as const) {
    const isPaused = verb === 'pause'
    for (let times = 0; times < 2; times++) {
      expect(await client.schedules[verb]('resting')).toMatchObject({ isPaused })
    }
    expect(await eventsOf(`schedule.${verb}d`, 'resting')).toHaveLength(1)
  }
  expect((await client.schedules.show('resting')).next).toHaveLength(5)
  await client.schedules.remove('resting')
})

test('a schedule outlives the daemon', async () => {
  const made = await client.schedules.add({
    name: 'lasting',
    cron: rarely,
    body: 'x\ny',
    agent: 'echo',
  })
  await daemon.restart('SIGTERM')
  expect(await client.schedules.show('lasting')).toEqual(made)
  await daemon.restart('SIGKILL')
  expect(await client.schedules.show('lasting')).toEqual(made)
  await client.schedules.remove('lasting')
})

describe('a request that is wrong', () => {
  const good = { name: 'bad', cron: rarely, body: 'x', agent: 'echo' }
  const run = { template: 'command', program: ['/bin/cat'] }

  test.each<[title: string, changes: object, code: ErrorCode, field: string]>([
    ['no cron line', { cron: 'soon' }, 'invalid_schedule', 'cron'],
    ['a line that never comes', { cron: '0 0 31 2 *' }, 'invalid_schedule', 'cron'],
    ['a line that is too long', { cron: '0'.repeat(201) }, 'invalid_request', 'cron'],
    ['a line that is no text', { cron: 5 }, 'invalid_request', 'cron'],
    ['no line', { cron: undefined }, 'invalid_request', 'cron'],
    ['an unknown time zone', { timeZone: 'Mars/Olympus' }, 'invalid_schedule', 'timeZone'],
    ['an empty time zone', { timeZone: '' }, 'invalid_request', 'timeZone'],
    ['an unknown policy', { missed: 'all' }, 'invalid_request', 'missed'],
    ['a name that is none', { name: '../x' }, 'invalid_name', 'name'],
    ['an empty text', { body: '' }, 'invalid_request', 'body'],
    ['a text with NUL', { body: '\0' }, 'invalid_message', 'body'],
    ['a text of 2 MB', { body: 'x'.repeat(2 ** 21) }, 'message_too_large', 'body'],
    ['an unknown agent', { agent: 'nobody' }, 'agent_not_found', 'agent'],
    ['an agent outside the folder', { agent: '../echo' }, 'agent_not_found', 'agent'],
    ['no target', { agent: undefined }, 'invalid_schedule', 'agent'],
    ['two targets', { run }, 'invalid_schedule', 'agent'],
    ['an unknown field', { at: 'nine' }, 'invalid_request', 'at'],
  ])('with %s is refused and changes nothing', async (...[, changes, code, field]) => {
    await expectRefused({ ...good, ...changes }, code, field)
  })

  test.each<[title: string, run: object, code: ErrorCode, field: string]>([
    ['an unknown template', { template: 'nothing' }, 'template_not_found', 'template'],
    ['no template', { program: ['/bin/cat'] }, 'invalid_request', 'run.template'],
    ['a missing program', { ...run, program: ['/no/such'] }, 'program_not_found', 'program'],
    ['a folder that is none', { ...run, dir: '/does/not/exist' }, 'invalid_dir', 'dir'],
    ['an unknown runtime', { ...run, runtime: 'cloud' }, 'runtime_not_found', 'runtime'],
    ['a name', { ...run, name: 'fixed' }, 'invalid_request', 'run.name'],
    ['a prompt', { ...run, prompt: 'x' }, 'invalid_request', 'run.prompt'],
    ['an id', { ...run, requestId: 'x' }, 'invalid_request', 'run.requestId'],
    ['a reserved variable', { ...run, env: { DROVER_X: '1' } }, 'invalid_env', 'run.env.DROVER_X'],
    ['what its provider has not', { ...run, model: 'm' }, 'unsupported', 'model'],
  ])('for a fresh agent with %s is refused, too', async (...[, changes, code, field]) => {
    await expectRefused({ ...good, agent: undefined, run: changes }, code, field)
  })

  test.each(['show', 'remove', 'pause', 'resume'] as const)(
    'for a schedule that is not there is schedule_not_found (%s)',
    async (verb) => {
      for (const name of ['nothing', '../x', 'x'.repeat(300)]) {
        await expect(client.schedules[verb](name)).rejects.toMatchObject({
          code: 'schedule_not_found',
          details: { field: 'name' },
        })
      }
    },
  )

  async function expectRefused(request: object, code: ErrorCode, field: string): Promise<void> {
    const before = await snapshotOf(daemon)
    await expect(client.schedules.add(request as ScheduleRequestInput)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/[^.]\.$/) as string,
      details: { field },
    })
    expect(await snapshotOf(daemon)).toEqual(before)
  }
})

describe('on the command line', () => {
  const add = (...args: string[]): string[] => ['schedule', 'add', 'bad', ...args, '--json']

  test.each<[title: string, args: string[], code: ErrorCode]>([
    ['no cron line', add('soon', 'x', '--to', 'echo'), 'invalid_schedule'],
    ['a line that never comes', add('0 0 30 2 *', 'x', '--to', 'echo'), 'invalid_schedule'],
    [
      'an unknown time zone',
      add(rarely, 'x', '--to', 'echo', '--time-zone', 'X/Y'),
      'invalid_schedule',
    ],
    ['an unknown agent', add(rarely, 'x', '--to', 'nobody'), 'agent_not_found'],
    ['an unknown template', add(rarely, 'x', '--template', 'nothing'), 'template_not_found'],
    ['an empty text', add(rarely, '', '--to', 'echo'), 'invalid_message'],
    ['no target', add(rarely, 'x'), 'usage'],
    ['an unknown schedule', ['schedule', 'show', 'nothing', '--json'], 'schedule_not_found'],
    ['an unknown schedule to remove', ['schedule', 'rm', 'no', '--json'], 'schedule_not_found'],
  ])('%s ends with the exit code of the table, and changes nothing', async (...[, args, code]) => {
    const before = await snapshotOf(daemon)
    const result = await runDrover(args, { env: daemon.env })
    expect([result.code, problemOf(result).code]).toEqual([errorTable[code].exit, code])
    expect(result.stdout).toBe('')
    expect(await snapshotOf(daemon)).toEqual(before)
  })

  test('a schedule is made from standard input, listed, paused, resumed and removed', async () => {
    const { env } = daemon
    const call = async (...args: string[]): Promise<string> => {
      const result = await runDrover(['schedule', ...args], { env, input: 'two\nlines\n' })
      expect(result).toMatchObject({ code: 0, stderr: '' })
      return result.stdout
    }
    await call('add', 'night', rarely, '-', '--to', 'echo', '--time-zone', 'Asia/Tokyo')
    expect(JSON.parse(await call('show', 'night', '--json'))).toMatchObject({
      body: 'two\nlines',
      agent: 'echo',
    })
    expect(await call('show', 'night')).toMatch(/Asia\/Tokyo +here, [^]*03:00:00 GMT\+9 /)
    expect(await call('pause', 'night')).toBe('night  paused\n')
    expect(await call('ls')).toContain('Asia/Tokyo  echo  paused')
    expect(await call('resume', 'night')).toMatch(/^night {2}in \d+[smhd] {2}.*03:00:00 GMT\+9/)
    expect(await call('rm', 'night')).toBe('night  removed\n')
    expect(await call('ls', '--json')).toBe('[]\n')
  })
})
