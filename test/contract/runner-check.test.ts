import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkRunner } from '../../src/providers/ndjson/check/check-runner.ts'
import type { RunnerFinding, RunnerReport } from '../../src/schema/reports.ts'
import { findMarkedProcesses } from '../../src/util/process-identity.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'

const fixture = path.join(import.meta.dirname, '..', 'fixtures', 'whole-runner.mjs')
const example = (file: string) =>
  path.join(import.meta.dirname, '..', '..', 'examples', 'runners', file)

interface Checked extends RunnerReport {
  /** As they came. */
  told: RunnerFinding[]
}

async function check(
  program: readonly string[],
  { deadlineMs = 20_000, signal = AbortSignal.timeout(50_000), mark = 'none' } = {},
): Promise<Checked> {
  const told: RunnerFinding[] = []
  const report = await checkRunner({
    program,
    dir: import.meta.dirname,
    host: process.env,
    env: { CHECK_MARK: mark },
    prompt: 'Say hello.',
    deadlineMs,
    signal,
    say: () => undefined,
    report: (finding) => told.push(finding),
  })
  return { ...report, told }
}

const faulty = (fault: string, deadlineMs?: number) =>
  check([process.execPath, fixture, fault], deadlineMs === undefined ? {} : { deadlineMs })

const verdicts = ({ findings }: RunnerReport) =>
  findings.map(({ check: name, verdict }) => `${name}: ${verdict}`)

describe('the check of a runner', () => {
  test('finds nothing wrong with one that keeps the whole protocol, and tells as it goes', async () => {
    const report = await faulty('none')
    expect(verdicts(report)).toEqual([
      'ready: right',
      'first query: right',
      'ping: right',
      'unknown input: right',
      'second query: right',
      'interrupt: right',
      'steer: right',
      'settings: note',
      'trigger: right',
      'stop: right',
      'resume: right',
      'end of input: right',
      'lost session: right',
      'output: right',
      'left behind: right',
    ])
    expect(report.isRight).toBe(true)
    expect(report.told).toEqual(report.findings)
  })

  /** A fault, the one check that finds it, and a word of what is told. */
  test.for([
    ['exits', 'ready', 'ended with code 2: cannot find my model'],
    ['no-protocol', 'ready', '"protocol" is missing'],
    ['bad-claim', 'ready', '"interupt"'],
    ['bad-list', 'ready', '"can" is "interrupt"'],
    ['no-session', 'ready', 'names no session'],
    ['dies-in-turn', 'first query', 'ended with code 3: boom, in the middle of its turn'],
    ['dies-unknown', 'unknown input', 'ended with code 1'],
    ['answers-unknown', 'unknown input', 'agent_stopped'],
    ['dies-interrupt', 'interrupt', 'ended with code 130'],
    ['ends-joined', 'steer', 'second time'],
    ['dies-settings', 'settings', 'ended with code 1'],
    ['no-trigger', 'trigger', 'is answered'],
    ['forgets-session', 'resume', 'it names'],
    ['invents-session', 'lost session', 'ready all the same'],
    ['lost-and-well', 'lost session', 'as if all were well'],
    ['cuts-last-turn', 'end of input', 'before the turn it was in was over'],
    ['chatter', 'output', 'Loading the model…'],
    ['no-newline', 'output', 'mid-line: {"type":"pong"}'],
  ] as const)('finds %s by %s', { concurrent: true }, async ([fault, name, words]) => {
    const { findings, isRight } = await faulty(fault)
    const wrong = findings.filter(({ verdict }) => verdict === 'wrong')
    expect(isRight).toBe(false)
    expect(wrong.map((finding) => finding.check)).toContain(name)
    expect(wrong.map(({ detail }) => detail).join('\n')).toContain(words)
    // Each says how to mend it, but for a crash, which says its last words.
    expect(wrong.every(({ hint, detail }) => hint !== null || detail.includes('ended with'))).toBe(
      true,
    )
  })

  test.for([
    ['no-started', 'without "agent_started"'],
    ['wrong-id', 'the id "other"'],
    ['no-id', 'the id missing'],
    ['bad-event', 'agent_event without an "event"'],
    ['negative-cost', '"cost_usd" is no number from 0 up'],
    ['bad-error', '"error.class" is none of'],
  ] as const)('finds %s in each turn', { concurrent: true }, async ([fault, words]) => {
    const { findings } = await faulty(fault)
    for (const name of ['first query', 'second query']) {
      const own = findings.filter((finding) => finding.check === name)
      expect(own.map(({ detail }) => detail).join('\n')).toContain(words)
      expect(own.map(({ verdict }) => verdict)).not.toContain('right')
    }
  })

  test('finds a turn that is told to have ended twice', async () => {
    const { findings } = await faulty('stops-twice')
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'output', detail: 'the turn of "check_1" ended twice' }),
    )
  })

  test.for([
    ['silent', 'ready', 'printed nothing'],
    ['never-stops', 'first query', 'its turn was not over'],
    ['deaf-ping', 'ping', 'no "pong"'],
    ['no-interrupt', 'interrupt', 'goes on'],
    ['no-steer', 'steer', 'was not taken'],
    ['deaf-stop', 'stop', 'it still runs'],
    ['deaf-end', 'end of input', 'it still runs'],
    ['whole-reads', 'second query', 'in the middle of its turn'],
  ] as const)('does not wait for ever: %s', async ([fault, name, words]) => {
    const { findings } = await faulty(fault, 1500)
    const found = findings.find((finding) => finding.check === name && finding.verdict === 'wrong')
    expect(found?.detail).toContain(words)
  })

  test.for([
    ['interrupt-untold', 'interrupt', 'does not say "interrupted":true'],
    ['tells-unknown', 'unknown input', 'agent_error'],
  ] as const)(
    'takes %s for no fault, and tells it',
    { concurrent: true },
    async ([fault, name, words]) => {
      const { findings, isRight } = await faulty(fault)
      expect(findings.find((finding) => finding.check === name)).toMatchObject({
        verdict: 'note',
        detail: expect.stringContaining(words),
      })
      expect(isRight).toBe(true)
    },
  )
})

describe('nothing is left running', () => {
  const left = (mark: string) => findMarkedProcesses(`CHECK_MARK=${mark}`)

  test('of what the program started and left behind, which is told', async () => {
    const mark = `leaves-${process.pid}`
    const { findings } = await check([process.execPath, fixture, 'leaves-child'], { mark })
    expect(findings.at(-1)).toMatchObject({
      check: 'left behind',
      verdict: 'wrong',
      detail: expect.stringMatching(/sleep \(pid \d+\)/),
    })
    expect(await left(mark)).toEqual([])
  })

  test('of a program that floods', async () => {
    const mark = `floods-${process.pid}`
    const { findings } = await check([process.execPath, fixture, 'floods'], { mark })
    expect(JSON.stringify(findings)).toContain('printed more than')
    expect(await left(mark)).toEqual([])
  })

  test('of a check that is broken off', async () => {
    const mark = `aborted-${process.pid}`
    const controller = new AbortController()
    const { signal } = controller
    const checking = check([process.execPath, fixture, 'silent'], { mark, signal })
    await expect.poll(() => left(mark)).toHaveLength(1)
    controller.abort(new Error('enough'))
    await expect(checking).rejects.toThrow('enough')
    expect(await left(mark)).toEqual([])
  })
})

test.for([
  ['A-B', '1'],
  ['ANTHROPIC_API_KEY', 'key'],
] as const)(
  'a variable that no agent may have is an error that names it: %s',
  async ([name, value]) => {
    const nothing = () => undefined
    const checking = checkRunner({
      program: ['sh'],
      dir: '/',
      host: process.env,
      env: { [name]: value },
      prompt: 'x',
      deadlineMs: 1000,
      signal: AbortSignal.timeout(10_000),
      say: nothing,
      report: nothing,
    })
    await expect(checking).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(name),
    })
  },
)

test('a program that is not there is an error that names it', async () => {
  await expect(check(['no-such-program'])).rejects.toMatchObject({
    code: 'program_not_found',
    details: { program: 'no-such-program' },
  })
})

describe('the examples keep the protocol', () => {
  const python = requireOrSkip('python3', hasProgram('python3'))
  python('in Python', async () => {
    expect((await check(['python3', example('echo.py')])).isRight).toBe(true)
  })
  test.for([
    ['sh', 'echo.sh'],
    [process.execPath, 'careful.ts'],
  ] as const)('%s %s', async ([program, file]) => {
    const { findings } = await check([program, example(file)])
    expect(findings.filter(({ verdict }) => verdict === 'wrong')).toEqual([])
  })
})
