import { describe, expect, it } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import { upRun, view } from '../../test/support/agent-stories.ts'
import { messageRecord, whyFacts } from '../../test/support/why-facts.ts'
import { explainAgent, type WhyFacts } from '../core/why.ts'
import { Lifecycle } from '../schema/lifecycle.ts'
import { textWidth } from './text-width.ts'

const second = 1000
const minute = 60 * second
/** Two in the afternoon, wherever this runs. */
const now = new Date(2026, 10, 21, 14, 0).getTime()

const up = {
  ...upRun,
  readyAt: now - 10 * minute,
  startedAt: now - 10 * minute,
  activeAt: now - 3 * minute,
}
const working = { ...up, turn: 'working', activeAt: now - 12 * second } as const
const ended = {
  id: 'run_1',
  status: 'stopped',
  exitCode: 0,
  cause: 'asked to sleep',
  endedAt: now - 2 * 60 * minute,
}
const failed = {
  ...ended,
  status: 'failed',
  exitCode: 3,
  cause: 'exit code 3: no such model',
  endedAt: now - 2 * second,
}
const death = (secondsAgo: number): WhyFacts['deaths']['recent'][number] => ({
  at: now - secondsAgo * second,
  run: 'run_1',
  status: 'failed',
  cause: 'exit code 3: no such model',
})
const waiting = messageRecord({ id: 'msg_1', text: 'Read the\nlogs', since: now - 3 * second })

/** What is printed of an agent of which this is known. */
async function print(facts: Partial<WhyFacts>, isTerminal = false): Promise<string> {
  await using api = await startFakeApi((_, response) =>
    answerJson(response, explainAgent(whyFacts({ now, ...facts }))),
  )
  const { exitCode, stdout, stderr } = await callCli(['why', 'guide'], {
    home: api.folder,
    isTerminal,
    columns: 100,
  })
  expect({ exitCode, stderr, path: api.seen[0]?.path }).toEqual({
    exitCode: 0,
    stderr: '',
    path: '/v1/agents/guide/why',
  })
  return stdout
}

describe('drover why', () => {
  it('takes two lines for an agent that is well', async () => {
    expect(await print({ status: 'idle', view: view({ run: up }) })).toMatchInlineSnapshot(`
      "guide  idle for 3 min  its program is up and has nothing to do
      next  sleeps in 57 min (14:57), after 1 h without work
      "
    `)
    expect(await print({ lastRun: ended })).toMatchInlineSnapshot(`
      "guide  asleep for 2 h  asked to sleep
      next  nothing by itself; a message wakes it
      "
    `)
  })

  it('shows what an agent works on and what waits for it', async () => {
    const printed = await print({
      status: 'working',
      view: view({ run: working, open: 1, openSince: now - 12 * second, queued: 23 }),
      messages: {
        unfinished: [
          messageRecord({
            id: 'msg_01m7yt4cv93jcsj849zqzs',
            text: 'Find out why the build is slow, and write it down',
            state: 'accepted',
            isGiven: true,
            isWritten: true,
            since: now - 12 * second,
          }),
          { ...waiting, id: 'msg_23' },
          { ...waiting, id: 'msg_24' },
        ],
        troubled: [],
      },
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  working for 12 s  it works on a message
      next  takes its next message once its turn is over

      Messages, the newest; 21 more
        msg_01m7yt4cv93jcsj849zqzs  accepted  its program works on it, for 12 s                     user: Find out why the build is slow, and write it down
        msg_23                      stored    waits for the turn of …49zqzs, 21 before it, for 3 s  user: Read the logs
        msg_24                      stored    waits for the turn of …49zqzs, 22 before it, for 3 s  user: Read the logs
      "
    `)
  })

  it('shows who and what keeps an agent awake besides', async () => {
    const printed = await print({
      status: 'idle',
      view: view({ run: { ...up, background: 2 }, attached: 1 }),
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  idle for 3 min  its program is up and has nothing to do
      next   sleeps once its background jobs are over and nobody is attached, after 1 h without work
      awake  somebody is attached
             2 background jobs
      "
    `)
  })

  it('shows a stopped agent, and what it refused', async () => {
    const printed = await print({
      status: 'stopped',
      view: view({ hold: 'stopped' }),
      lastRun: { ...ended, cause: 'asked to stop' },
      messages: {
        unfinished: [],
        troubled: [{ ...waiting, state: 'refused', cause: 'the agent is stopped' }],
      },
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  stopped  a person stopped it
      next  nothing, until \`drover start guide\`

      Messages that did not go well
        msg_1  refused  the agent is stopped, 3 s ago  user: Read the logs
      "
    `)
  })

  it('shows a crash loop with its ends and the last words of its program', async () => {
    const printed = await print({
      status: 'failed',
      view: view({ hold: 'quarantined' }),
      cause: '3 deaths within 300 s: exit code 3: no such model',
      lastRun: failed,
      deaths: { attempts: 4, recent: [death(2), death(5), death(62)] },
      lines: ['loading \u001B[31mllama9\u001B[39m', 'no such model'],
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  failed for 2 s  it was given up: 3 deaths within 300 s: exit code 3: no such model
      next   nothing, until \`drover start guide\`
      ended  2 s ago    exit code 3: no such model
             5 s ago    exit code 3: no such model
             1 min ago  exit code 3: no such model
             … and 1 before

      What its program said last
        loading llama9
        no such model
      "
    `)
  })

  it('shows until when an agent is out of quota, and its messages wait', async () => {
    const printed = await print({
      status: 'parked',
      cause: 'the 5-hour limit is reached',
      view: view({ parkedUntil: now + 57 * minute, queued: 1 }),
      messages: { unfinished: [waiting], troubled: [] },
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  parked  the 5-hour limit is reached
      next  wakes in 57 min (14:57), when its quota is back

      Messages
        msg_1  stored  waits: out of quota, until 14:57  user: Read the logs
      "
    `)
  })

  it('shows when an agent comes back whose program died', async () => {
    const printed = await print({
      status: 'waking',
      view: view({
        wish: 'wake',
        notBefore: now + 14 * second,
        waiting: { gate: 'backoff', until: now + 14 * second, since: now - 2 * second },
        lifecycle: Lifecycle.parse({ restart: 'always' }),
      }),
      lastRun: failed,
      deaths: { attempts: 2, recent: [death(2), death(5)] },
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  waking for 2 s  its program died: exit code 3: no such model
      next   restarts in 14 s, since its program died
      ended  2 s ago  exit code 3: no such model
             5 s ago  exit code 3: no such model
      "
    `)
  })

  it('shows what the machine is short of', async () => {
    const printed = await print({
      status: 'waking',
      view: view({
        queued: 1,
        admission: {
          gate: 'admission',
          cause: '300 MB of memory are free, 512 MB are needed',
          mostMs: 10 * minute,
        },
        waiting: { gate: 'admission', until: null, since: now - 20 * second },
      }),
      messages: { unfinished: [waiting], troubled: [] },
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  waking for 20 s  300 MB of memory are free, 512 MB are needed
      next  gives up waiting in 9.7 min (14:09), unless the machine has room before

      Messages
        msg_1  stored  waits: 300 MB of memory are free, 512 MB are needed, for 3 s  user: Read the logs
      "
    `)
  })

  it('shows a task that waits behind others', async () => {
    const printed = await print({
      status: 'waking',
      view: view({
        isEphemeral: true,
        queued: 1,
        admission: { gate: 'queue', cause: '4 of 4 ephemeral agents are at work', mostMs: null },
        waiting: { gate: 'queue', until: null, since: now - 20 * second },
      }),
      messages: { unfinished: [waiting], troubled: [] },
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  waking for 20 s  4 of 4 ephemeral agents are at work
      next  wakes once others before it are done

      Messages
        msg_1  stored  waits: 4 of 4 ephemeral agents are at work, for 3 s  user: Read the logs
      "
    `)
  })

  it('shows an agent that nobody can ask for', async () => {
    const printed = await print({
      status: 'unknown',
      view: view({ run: { ...working, isUnknown: true }, open: 1, openSince: now - 12 * second }),
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  unknown  its runtime can't be asked; nothing of it is touched
      next  is looked at again until its runtime answers
      "
    `)
  })

  it('shows which schedule is the next to write to an agent', async () => {
    const printed = await print({
      lastRun: ended,
      scheduled: { name: 'daily', at: now + 3 * 60 * minute },
    })
    expect(printed).toMatchInlineSnapshot(`
      "guide  asleep for 2 h  asked to sleep
      next       nothing by itself; a message wakes it
      scheduled  daily sends it a message in 3 h (17:00)
      "
    `)
  })

  it('shows what else keeps a sleeping agent down', async () => {
    const printed = await print({ view: view({ isOverBudget: true }), lastRun: ended })
    expect(printed).toMatchInlineSnapshot(`
      "guide  asleep for 2 h  asked to sleep
      next   nothing: messages are refused
      gates  over-budget: it has spent what it may spend
      "
    `)
  })

  it('fits the terminal, with colours', async () => {
    const printed = await print(
      {
        view: view({ queued: 1, unreleased: 1 }),
        status: 'waking',
        messages: { unfinished: [{ ...waiting, text: 'a long text '.repeat(20) }], troubled: [] },
      },
      true,
    )
    expect(Math.max(...printed.split('\n').map(textWidth))).toBeLessThanOrEqual(100)
    expect(printed).toMatchInlineSnapshot(`
      "[1mguide[22m  [33m◐ waking[39m  it is being brought up
      [2mnext[22m  wakes now, for the message that waits

      [2mMessages[22m
      [2m  msg_1[22m  stored  waits until the last run is cleared away, for 3 s  [2muser: a long text a long text a…[22m
      "
    `)
  })

  it('prints what the daemon said with --json', async () => {
    const why = explainAgent(whyFacts({ now }))
    await using api = await startFakeApi((_, response) => answerJson(response, why))
    const { stdout } = await callCli(['why', 'guide', '--json'], { home: api.folder })
    expect(JSON.parse(stdout)).toEqual(why)
  })
})
