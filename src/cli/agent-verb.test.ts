import { describe, expect, it } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import { shownAgent, shownMessage } from '../../test/fixtures/shown-agent.ts'
import { formatClock } from './relative-time.ts'

const crowded = { gate: 'admission', cause: '90 MB of memory are free', until: null }

describe('a verb', () => {
  it.each([
    [['new', 'a'], '/v1/agents/a/new', null],
    [['restart', 'a'], '/v1/agents/a/restart', null],
    [['wake', 'a'], '/v1/agents/a/wake', null],
    [['wake', 'a', '--fresh'], '/v1/agents/a/wake', { mode: 'fresh' }],
    [['wake', 'a', '--resume'], '/v1/agents/a/wake', { mode: 'resume' }],
    [['wake', 'a', '--in', 'tmux'], '/v1/agents/a/wake', { runtime: 'tmux' }],
    [['sleep', 'a'], '/v1/agents/a/sleep', null],
    [['sleep', 'a', '--full'], '/v1/agents/a/sleep', { full: true }],
    [['start', 'a', '--in', 'tmux'], '/v1/agents/a/start', { runtime: 'tmux' }],
  ])('%j asks %s with %j', async (argv, path, body) => {
    await using api = await startFakeApi((_, response) => answerJson(response, shownAgent()))
    expect(await callCli(argv, { home: api.folder })).toMatchObject({
      exitCode: 0,
      stdout: 'a  idle\n',
    })
    expect(api.seen).toMatchObject([{ path, body }])
    expect(api.seen[0]?.query.get('wait')).toBe('300')
  })

  it('can not begin afresh and go on at once', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, shownAgent()))
    const argv = ['wake', 'a', '--fresh', '--resume']
    const { exitCode, stderr } = await callCli(argv, { home: api.folder })
    expect({ exitCode, seen: api.seen.length }).toEqual({ exitCode: 2, seen: 0 })
    expect(stderr).toContain('--resume')
  })

  it.each(['wake', 'new', 'restart', 'start'])(
    '%s says what the agent waits for when the time is up',
    async (verb) => {
      await using api = await startFakeApi((_, response) =>
        answerJson(response, shownAgent({ status: 'waking', waiting: crowded })),
      )
      const { exitCode, stderr } = await callCli([verb, 'a', '--timeout', '2s'], {
        home: api.folder,
      })
      expect(exitCode).toBe(6)
      expect(stderr).toContain('a is still waking after 2 s: 90 MB of memory are free.')
      expect(api.seen[0]?.query.get('wait')).toBe('2')
    },
  )

  it('says on a terminal what the agent waits for, as it changes', async () => {
    let wakes: (() => void) | null = null
    await using api = await startFakeApi(({ method, path }, response) => {
      if (method === 'POST') {
        wakes = () => answerJson(response, shownAgent())
      } else if (path === '/v1/status') {
        answerJson(response, { lastSeq: 4 })
      } else if (path === '/v1/events') {
        const data = { gate: 'admission', cause: 'two at once', until: null }
        const event = { seq: 5, at: 0, type: 'agent.waiting', agent: 'a', run: null, data }
        response.writeHead(200).write(`data: ${JSON.stringify(event)}\n\n`)
        setTimeout(() => wakes?.(), 300)
      } else {
        // Shown for a moment before the next reason comes.
        answerJson(response, shownAgent({ status: 'waking', waiting: crowded }))
      }
    })
    const { exitCode, stdout, stderr } = await callCli(['wake', 'a'], {
      home: api.folder,
      isTerminal: true,
    })
    expect({ exitCode, stdout: stdout.includes('idle') }).toEqual({ exitCode: 0, stdout: true })
    expect(stderr).toContain('waking a: two at once')
  })

  it('shows an agent that was given up as a failure', async () => {
    await using api = await startFakeApi((_, response) =>
      answerJson(
        response,
        shownAgent({ status: 'failed', cause: '3 deaths within 300 s: exit code 1' }),
      ),
    )
    const { exitCode, stderr } = await callCli(['wake', 'a'], { home: api.folder })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('a did not stay up: 3 deaths within 300 s: exit code 1.')
  })
})

describe('what an agent waits for', () => {
  const until = Date.now() + 1
  const parked = shownAgent({
    status: 'parked',
    cause: 'out of quota',
    waiting: { gate: 'parked', cause: 'out of quota', until },
  })

  it('is in the list, with its time', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, [parked]))
    const { stdout } = await callCli(['ps'], { home: api.folder, columns: 200 })
    expect(stdout).toContain(`out of quota, until ${formatClock(until)}`)
  })

  it.each([
    [until, `waits: out of quota, until ${formatClock(until)}`],
    [null, 'waits: out of quota\n'],
  ])('is with the receipt of a message: until %s', async (time, text) => {
    const message = shownMessage({ cause: 'out of quota', until: time })
    await using api = await startFakeApi((_, response) => answerJson(response, message))
    const { exitCode, stdout } = await callCli(['send', 'a', 'hi'], { home: api.folder })
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`msg_1  stored  ${text}`)
    const json = await callCli(['send', 'a', 'hi', '--json'], { home: api.folder })
    expect(JSON.parse(json.stdout)).toEqual({
      id: 'msg_1',
      state: 'stored',
      cause: 'out of quota',
      ...(time === null ? {} : { until: time }),
    })
  })

  it('is said when a reply does not come in time', async () => {
    const message = shownMessage({ cause: 'out of quota', until })
    await using api = await startFakeApi((_, response) => answerJson(response, message))
    const argv = ['send', 'a', 'hi', '--wait', '--timeout', '0']
    const { exitCode, stderr } = await callCli(argv, { home: api.folder })
    expect(exitCode).toBe(6)
    expect(stderr).toContain(`stored after 0 s: out of quota, until ${formatClock(until)}.`)
  })

  it('has a date where it is not today', async () => {
    const at = new Date(2031, 4, 6, 7, 8, 9).getTime()
    const agent = shownAgent({ waiting: { gate: 'parked', cause: 'out of quota', until: at } })
    await using api = await startFakeApi((_, response) => answerJson(response, [agent]))
    const { stdout } = await callCli(['ps'], { home: api.folder, columns: 200 })
    expect(stdout).toContain('until 2031-05-06 07:08:09')
  })
})

describe('drover show', () => {
  const show = async (agent: object): Promise<string> => {
    await using api = await startFakeApi(({ path }, response) =>
      answerJson(response, path.endsWith('/messages') ? [] : agent),
    )
    return (await callCli(['show', 'a'], { home: api.folder, columns: 200 })).stdout
  }

  it('has how an agent lives where that is not as others do', async () => {
    const { spec } = shownAgent()
    const lifecycle = {
      idleMs: 1_800_000,
      maxAgeMs: 28_800_000,
      bootMs: 90_000,
      readyMs: 0,
      wedgedMs: 60_000,
      attachedMs: 900_000,
      rest: 'suspend',
      suspendedMs: 7_200_000,
      restart: 'always',
      parking: false,
      tries: 1,
    } as const
    const budget = { usd: 5, tokens: 1000 }
    const text = await show(
      shownAgent({
        isEphemeral: true,
        waiting: crowded,
        spec: { ...spec, lifecycle, budget, initialPrompt: 'Read NOTES.md.' },
      }),
    )
    for (const line of [
      /^idle +30m$/m,
      /^max age +8h$/m,
      /^boot timeout +90s$/m,
      /^ready timeout +none$/m,
      /^wedged +1m$/m,
      /^attached +15m$/m,
      /^rest +suspend$/m,
      /^suspended +2h$/m,
      /^restart +always$/m,
      /^parking +no$/m,
      /^tries +1$/m,
      /^budget +\$5, 1000 tokens$/m,
      /^initial prompt +Read NOTES\.md\.$/m,
      /^ephemeral +yes$/m,
      /^waits +90 MB of memory are free \(admission\)$/m,
    ]) {
      expect(text).toMatch(line)
    }
  })

  it('says nothing of it otherwise', async () => {
    expect(await show(shownAgent())).not.toMatch(
      /idle +\d|age|timeout|tries|restart|waits|ephemeral/,
    )
  })
})
