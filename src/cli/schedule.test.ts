import { describe, expect, it } from 'vitest'
import { callCli, type CliResult } from '../../test/fixtures/cli-harness.ts'
import { answerJson, startFakeApi, type SeenRequest } from '../../test/fixtures/fake-api.ts'
import { ScheduleRun, type Schedule, type ScheduleOutcome } from '../schema/schedule.ts'

const hour = 3_600_000

function scheduleOf(changes: Partial<Schedule> = {}): Schedule {
  return {
    id: 'sch_1',
    name: 'morning',
    cron: '0 9 * * 1-5',
    timeZone: 'Europe/Berlin',
    missed: 'skip',
    body: 'Good morning.\nWhat is new?',
    agent: 'guide',
    run: null,
    isPaused: false,
    next: [],
    lastAt: null,
    lastOutcome: null,
    createdAt: 0,
    ...changes,
  }
}

function outcomeOf(changes: Partial<ScheduleOutcome>): ScheduleOutcome {
  return {
    at: Date.now() - 2 * hour,
    state: 'fired',
    message: null,
    agent: null,
    code: null,
    cause: null,
    missed: 0,
    ...changes,
  }
}

/** One call of `drover schedule`, answered with this; what it printed and what it sent. */
async function call(
  argv: readonly string[],
  { answer = scheduleOf(), stdin = '' }: { answer?: unknown; stdin?: string } = {},
): Promise<CliResult & { seen: SeenRequest[]; folder: string }> {
  await using api = await startFakeApi((_, response) => answerJson(response, answer))
  const result = await callCli(['schedule', ...argv], { home: api.folder, stdin })
  return { ...result, seen: api.seen, folder: api.folder }
}

describe('drover schedule add', () => {
  it('sends what is for an agent', async () => {
    const { seen, exitCode } = await call([
      'add',
      'morning',
      '0 9 * * 1-5',
      '--to',
      'guide',
      'Good morning.',
      '--time-zone',
      'Europe/Berlin',
      '--missed',
      'once',
    ])
    expect(exitCode).toBe(0)
    expect(seen[0]).toMatchObject({
      method: 'POST',
      path: '/v1/schedules',
      body: {
        name: 'morning',
        cron: '0 9 * * 1-5',
        body: 'Good morning.',
        timeZone: 'Europe/Berlin',
        missed: 'once',
        agent: 'guide',
      },
    })
  })

  it('sends what a fresh agent is made from, and reads the text from standard input', async () => {
    const target = ['--template', 'command', '--dir', 'sub', '--ephemeral']
    const argv = ['add', 'nightly', '0 3 * * *', '-', ...target]
    const { seen, folder } = await call(
      [...argv, '--env', 'A=1', '--option', 'settleMs=5', '--', 'sh', '-c', 'cat'],
      { stdin: 'two\nlines\n' },
    )
    expect(seen[0]?.body).toEqual({
      name: 'nightly',
      cron: '0 3 * * *',
      body: 'two\nlines',
      run: {
        template: 'command',
        dir: `${folder}/sub`,
        env: { A: '1' },
        options: { settleMs: 5 },
        program: ['sh', '-c', 'cat'],
        ephemeral: true,
      },
    })
  })

  it('offers the current folder to a template that names none', async () => {
    const { seen, folder } = await call(['add', 'n', '0 3 * * *', 'x', '--template', 'hello'])
    expect(seen[0]?.body).toMatchObject({ run: { template: 'hello', defaultDir: folder } })
  })

  it.each([
    [['add', 'n', '0 3 * * *', 'x'], '--to: give --to AGENT'],
    [['add', 'n', '0 3 * * *', 'x', '--to', 'a', '--template', 'hello'], '--to: give --to AGENT'],
    [['add', 'n', '0 3 * * *', 'x', '--to', 'a', '--model', 'm'], '--model: goes with --template'],
    [['add', 'n', '0 3 * * *', 'x', '--to', 'a', '--', 'cat'], 'goes with --template'],
    [['add', 'n', '0 3 * * *', 'x', '--to', 'a', '--missed', 'all'], '--missed'],
    [['add', 'n', '0', '3', '*', '*', '*', 'x', '--to', 'a'], 'Too many arguments'],
    [['add', 'n', '0 3 * * *', '--to', 'a'], 'text'],
    [['rm', 'n', '--', 'cat'], 'takes no program'],
    [['fly'], 'unknown command'],
    [[], 'A subcommand is missing'],
  ])('refuses %j, sending nothing', async (argv, says) => {
    const { exitCode, stderr, seen } = await call(argv)
    expect({ exitCode, seen }).toEqual({ exitCode: 2, seen: [] })
    expect(stderr.toLowerCase()).toContain(says.toLowerCase())
  })

  it('refuses an empty text', async () => {
    const { exitCode, stderr } = await call(['add', 'n', '0 3 * * *', '', '--to', 'a', '--json'])
    expect([exitCode, (JSON.parse(stderr) as { code: string }).code]).toEqual([
      2,
      'invalid_message',
    ])
  })

  it('says when it comes first', async () => {
    const next = [Date.parse('2100-01-04T08:00:00Z')]
    const { stdout } = await call(['add', 'morning', '0 9 * * 1-5', 'x', '--to', 'guide'], {
      answer: scheduleOf({ next }),
    })
    expect(stdout).toMatch(/^morning {2}in \d+d {2}Mon 2100-01-04 09:00:00 CET, Europe\/Berlin\n$/)
  })
})

describe('drover schedule ls', () => {
  it('aligns what is known of each', async () => {
    const soon = [Date.now() + 3 * hour + 5000]
    const answer = [
      scheduleOf({ next: soon, lastOutcome: outcomeOf({ message: 'm' }) }),
      scheduleOf({ name: 'b', agent: null, run: runOf('hello'), isPaused: true }),
      scheduleOf({
        name: 'broken',
        next: soon,
        lastOutcome: outcomeOf({ state: 'failed', cause: 'guide is\nstopped.' }),
      }),
      scheduleOf({
        name: 'away',
        next: soon,
        lastOutcome: outcomeOf({ state: 'missed', missed: 12 }),
      }),
      scheduleOf({ name: 'over', lastOutcome: outcomeOf({ missed: 12 }) }),
    ]
    const { stdout } = await call(['ls'], { answer })
    expect(stdout.split('\n')).toEqual([
      'NAME     CRON         ZONE           TO         NEXT    LAST',
      'morning  0 9 * * 1-5  Europe/Berlin  guide      in 3h   fired 2h ago',
      'b        0 9 * * 1-5  Europe/Berlin  new hello  paused',
      'broken   0 9 * * 1-5  Europe/Berlin  guide      in 3h   failed 2h ago: guide is stopped.',
      'away     0 9 * * 1-5  Europe/Berlin  guide      in 3h   missed 12, the latest 2h ago',
      'over     0 9 * * 1-5  Europe/Berlin  guide      never   fired 2h ago, for 12 missed',
      '',
    ])
  })

  it('says how to make one where there is none', async () => {
    expect((await call(['ls'], { answer: [] })).stdout).toContain('drover help schedule add')
    expect((await call(['ls', '--json'], { answer: [] })).stdout).toBe('[]\n')
  })
})

describe('drover schedule show', () => {
  it('shows the next times by the clocks of its zone and by those here', async () => {
    const times = ['2100-10-30T23:30:00Z', '2100-10-31T00:30:00Z', '2100-10-31T01:30:00Z']
    const next = times.map((time) => Date.parse(time))
    const { stdout } = await call(['show', 'morning'], {
      answer: scheduleOf({ next, lastOutcome: outcomeOf({ message: 'schedule:sch_1:x' }) }),
    })
    const here = new Intl.DateTimeFormat().resolvedOptions().timeZone
    expect(stdout).toContain('text     Good morning.\n         What is new?\n')
    expect(stdout).toContain('message  schedule:sch_1:x\n')
    expect(stdout).toContain('last     fired 2h ago\n')
    const lines = stdout.split('\n').slice(stdout.split('\n').indexOf('Next times') + 1)
    expect(lines[0]).toContain('Europe/Berlin')
    expect(here === 'Europe/Berlin' || lines[0]?.includes(`here, ${here}`)).toBe(true)
    expect(lines.slice(1, 4).map((line) => line.trim().split('  ')[0])).toEqual([
      'Sun 2100-10-31 01:30:00 CEST',
      'Sun 2100-10-31 02:30:00 CEST',
      'Sun 2100-10-31 02:30:00 CET',
    ])
    expect(lines.slice(1, 4).every((line) => /in \d+d$/.test(line))).toBe(true)
  })
})

it.each([
  [['rm', 'a/b'], 'DELETE', '/v1/schedules/a%2Fb'],
  [['pause', 'morning'], 'POST', '/v1/schedules/morning/pause'],
  [['resume', 'morning'], 'POST', '/v1/schedules/morning/resume'],
  [['show', 'morning'], 'GET', '/v1/schedules/morning'],
])('drover schedule %j asks for it', async (argv, method, path) => {
  const { seen, exitCode } = await call([...argv, '--json'])
  expect({ exitCode, seen }).toMatchObject({ exitCode: 0, seen: [{ method, path }] })
})

function runOf(template: string): Schedule['run'] {
  return ScheduleRun.parse({ template })
}
