import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../../src/client/index.ts'
import type { Approval } from '../../src/schema/approval.ts'
import { runDrover, type CliResult } from '../support/cli.ts'
import { mainFile, startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { problemIn, rawRequest } from '../support/raw-request.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }
const main = fileURLToPath(new URL('../fixtures/asking-daemon.ts', import.meta.url))

let daemon: TestDaemon
beforeAll(async () => {
  const careful = {
    mode: 'deny',
    rules: [
      { tool: 'Bash', input: 'git *', mode: 'allow' },
      { tool: 'Read', mode: 'allow' },
    ],
  }
  daemon = await startTestDaemon({ main, config: { policies: { careful } }, isLeftClean: true })
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
})
afterEach(async () => {
  for (const { name } of await daemon.client.list({ all: true })) {
    await daemon.client.remove(name, { force: true, ...up })
  }
})

const drover = (...args: string[]): Promise<CliResult> => runDrover(args, { env: daemon.env })

async function make(name: string, ...prompts: string[]): Promise<void> {
  await daemon.client.run({ template: 'asking', name })
  for (const body of prompts) {
    await daemon.client.send(name, { body })
  }
}

async function openOf(agent: string, count = 1): Promise<Approval[]> {
  let open: Approval[] = []
  await waitFor(`${count} questions of ${agent}`, async () => {
    open = await daemon.client.approvals.list({ agent, state: 'open' })
    return open.length === count
  })
  return open
}

async function replyOf(agent: string, index = 0): Promise<string | null> {
  const messages = await daemon.client.messages(agent)
  return (await daemon.client.message(messages[index]?.id ?? '', up)).reply
}

describe('the API', () => {
  test('lists by state and agent, and shows one', async () => {
    await make('a', 'ask Bash ls')
    await make('b', 'ask Edit /etc/hosts')
    const [one] = await openOf('a')
    const [other] = await openOf('b')
    const { approvals } = daemon.client
    expect(other).toMatchObject({ agent: 'b', risk: 'high', input: { file_path: '/etc/hosts' } })
    expect((await approvals.list({ state: 'open' })).map(({ id }) => id).toSorted()).toEqual(
      [one!.id, other!.id].toSorted(),
    )
    expect(await approvals.deny(one!.id)).toMatchObject({ state: 'denied' })
    expect((await approvals.list({ agent: 'a', state: 'denied' })).map(({ id }) => id)).toEqual([
      one!.id,
    ])
    expect(await approvals.list({ agent: 'nobody' })).toEqual([])
    expect(await approvals.list({ limit: 1 })).toHaveLength(1)
    expect(await approvals.show(other!.id)).toEqual(other)
  })

  test('says what waits for a person, and why', async () => {
    await make('a', 'ask Bash git push', 'ask Bash later')
    const [{ id }] = (await openOf('a')) as [Approval]
    expect(await daemon.client.show('a')).toMatchObject({ status: 'waiting', questions: 1 })
    const why = await daemon.client.why('a')
    expect(why).toMatchObject({
      status: 'waiting',
      because: 'it asks a person: git push',
      next: { what: 'denies', reason: 'unless somebody answers before' },
      questions: [{ id, title: 'git push', isLive: true }],
    })
    expect(why.holders[0]).toMatchObject({
      what: 'question',
      text: `it asks a person: git push (${id})`,
    })
    const { stdout } = await drover('why', 'a')
    expect(stdout).toMatch(/a {2}waiting.* {2}it asks a person: git push/)
    expect(stdout).toMatch(new RegExp(`asks +git push {2}${id}, for`))
    expect(stdout).toMatch(/next +is denied what it asks for in .*, unless somebody answers before/)
  })

  test.for<[path: string, body: string, code: string, field: string]>([
    ['approve', '{"message": ""}', 'invalid_request', 'message'],
    ['approve', '{"message": 7}', 'invalid_request', 'message'],
    ['deny', '{"forSession": "yes"}', 'invalid_request', 'forSession'],
    ['deny', '{"why": "no"}', 'invalid_request', 'why'],
    ['deny', '[]', 'invalid_request', 'request'],
    ['deny', `{"message": "${'x'.repeat(10_001)}"}`, 'invalid_request', 'message'],
  ])('refuses %s with %s', async ([verb, body, code, field]) => {
    await make('a', 'ask Bash ls')
    const [{ id }] = (await openOf('a')) as [Approval]
    const answer = await rawRequest(
      {
        socketPath: daemon.home.socketFile,
        method: 'POST',
        path: `/v1/approvals/${id}/${verb}`,
        headers: { 'content-type': 'application/json' },
      },
      body,
    )
    const problem = problemIn(answer)
    expect([problem.code, problem.details?.field]).toEqual([code, field])
    expect((await daemon.client.approvals.show(id)).state).toBe('open')
  })

  test.for<[query: string, field: string]>([
    ['state=maybe', 'state'],
    ['limit=0', 'limit'],
    ['agent=no%20name', 'agent'],
  ])('refuses to list by %s', async ([query, field]) => {
    const answer = await rawRequest({
      socketPath: daemon.home.socketFile,
      path: `/v1/approvals?${query}`,
    })
    expect(problemIn(answer)).toMatchObject({ code: 'invalid_request', details: { field } })
  })

  test('lets an agent see its own questions, never those of others, and never answer', async () => {
    await make('a', 'token', 'ask Bash ls')
    await make('b', 'ask Bash ls')
    const token = (await replyOf('a')) ?? ''
    const [own] = await openOf('a')
    const [others] = await openOf('b')
    const me = new Client({ socket: daemon.status.socket, token })
    expect(await me.approvals.list()).toEqual([own])
    expect(await me.approvals.list({ agent: 'a' })).toEqual([own])
    expect(await me.approvals.show(own!.id)).toEqual(own)
    await expect(me.approvals.list({ agent: 'b' })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(me.approvals.show(others!.id)).rejects.toMatchObject({
      code: 'approval_not_found',
    })
    for (const { id } of [own!, others!]) {
      await expect(me.approvals.approve(id)).rejects.toMatchObject({ code: 'forbidden' })
      await expect(me.approvals.deny(id)).rejects.toMatchObject({ code: 'forbidden' })
    }
    me.close()
  })

  test.for<[field: string, approvals: object]>([
    ['approvals.mode', { mode: 'maybe' }],
    ['approvals.timeoutMs', { timeoutMs: -1 }],
    ['approvals.rules.0.tool', { rules: [{ tool: '', mode: 'allow' }] }],
    ['approvals.rules.0.mode', { rules: [{ tool: 'x' }] }],
    ['approvals.rules.0.path', { rules: [{ tool: 'x', path: 'y', mode: 'allow' }] }],
    ['approvals.why', { why: 'x' }],
  ])('refuses an agent with a bad %s', async ([field, approvals]) => {
    const answer = await rawRequest(
      { socketPath: daemon.home.socketFile, method: 'POST', path: '/v1/agents' },
      JSON.stringify({ template: 'asking', name: 'a', approvals }),
    )
    expect(problemIn(answer)).toMatchObject({ code: 'invalid_request', details: { field } })
    expect(await daemon.client.list({ all: true })).toEqual([])
  })
})

describe('the command line', () => {
  test('lists, shows and answers by id and by name', async () => {
    await make('a', 'ask Bash git push')
    const [{ id }] = (await openOf('a')) as [Approval]
    const list = (await drover('approvals')).stdout.split('\n')
    expect(list[0]).toMatch(/^ID +AGENT +RISK +ASKED +DENIED +WHAT$/)
    expect(list[1]).toMatch(new RegExp(`^${id} +a +high +now +in \\d+m +git push$`))
    expect((await drover('ps')).stdout).toMatch(/a +waiting .*asks: git push/)
    const shown = await drover('approvals', id)
    expect(shown.stdout).toContain('"command": "git push"')
    const answered = await drover('approve', 'a', '--session', '--message', 'go')
    expect(answered).toEqual({ code: 0, stderr: '', stdout: `${id}  allowed  a: git push\n` })
    expect(await replyOf('a')).toBe('did git push (go)')
    expect(await daemon.client.approvals.show(id)).toMatchObject({ isForSession: true })
    expect((await drover('approvals')).stdout).toBe('Nobody asks for anything.\n')
    expect((await drover('approvals', '-a', 'a')).stdout).toMatch(
      /high +allowed +user +now +git push/,
    )
  })

  test('with several questions of an agent asks which, and lists them', async () => {
    await make('a', 'leave Bash one')
    await replyOf('a')
    await daemon.client.send('a', { body: 'ask Bash two' })
    const [one, two] = await openOf('a', 2)
    const { code, stderr } = await drover('deny', 'a')
    expect(code).toBe(2)
    expect(stderr).toContain(
      `a has 2 open questions; say which: ${one!.id} (one), ${two!.id} (two).`,
    )
    expect((await drover('deny', two!.id)).code).toBe(0)
    const late = await drover('deny', one!.id)
    expect(late.stdout).toContain('its run is over, so it is told in a message')
  })

  test('says what is wrong', async () => {
    await make('a')
    expect(await drover('approve', 'a')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('a has no open question') as string,
    })
    expect((await drover('approve', `apr_${'0'.repeat(22)}`)).code).toBe(3)
    expect((await drover('run', 'asking', '--allow-tool', '(x)')).code).toBe(2)
    expect((await drover('run', 'asking', '--approve', 'maybe')).code).toBe(2)
  })

  test('makes an agent with a policy, and shows it', async () => {
    const made = await drover(
      'run',
      'asking',
      'ask Bash git log',
      '--name',
      'a',
      '--wait',
      '--approve',
      'deny',
      '--allow-tool',
      'Bash(git *)',
      '--deny-tool',
      'Bash(git push*)',
      '--ask-tool',
      'Edit@src',
      '--approve-timeout',
      '5m',
    )
    expect(made).toMatchObject({ code: 0, stdout: 'did git log\n' })
    expect((await daemon.client.show('a')).spec.approvals).toEqual({
      mode: 'deny',
      rules: [
        { tool: 'Bash', input: 'git push*', mode: 'deny' },
        { tool: 'Edit', dir: 'src', mode: 'ask' },
        { tool: 'Bash', input: 'git *', mode: 'allow' },
      ],
      timeoutMs: 300_000,
    })
    const { stdout } = await drover('show', 'a')
    expect(stdout).toMatch(/approve +deny/)
    expect(stdout).toMatch(/rules +deny Bash\(git push\*\)\n +ask Edit@src\n +allow Bash\(git \*\)/)
    const denied = await drover('send', 'a', 'ask Bash git push', '--wait')
    expect(denied.stdout).toMatch(/^did not git push/)
    // Nobody was asked, so nobody is told.
    expect(denied.stderr).toBe('')
  })

  test('takes a policy of config by its name, under what is said beside it', async () => {
    const rest = ['--policy', 'careful', '--deny-tool', 'Bash(git push*)']
    await drover('run', 'asking', '--name', 'a', ...rest)
    expect((await daemon.client.show('a')).spec.approvals).toMatchObject({
      mode: 'deny',
      rules: [
        { tool: 'Bash', input: 'git push*', mode: 'deny' },
        { tool: 'Bash', input: 'git *', mode: 'allow' },
        { tool: 'Read', mode: 'allow' },
      ],
    })
    const refused = await drover('run', 'asking', '--policy', 'wild')
    const why = 'policy: config.yaml has no policy "wild"; it has: careful.'
    expect(refused.stderr).toContain(why)
  })

  test('who waits for a reply is told that the agent waits for them, and how to answer', async () => {
    await make('a')
    const child = spawn(process.execPath, [mainFile, 'send', 'a', 'ask Bash ls', '--wait'], {
      env: daemon.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const ended = once(child, 'close')
    await waitFor('the note', () => stderr.includes('drover approve'))
    const [{ id }] = (await openOf('a')) as [Approval]
    expect(stderr).toBe(`a asks (low risk): ls\n  drover approve ${id}, or drover deny ${id}\n`)
    await daemon.client.approvals.approve(id)
    expect(await ended).toEqual([0, null])
    expect(stdout).toBe('did ls\n')
  })

  test('who talks with it over a pipe is told, too', async () => {
    await make('a')
    const child = spawn(process.execPath, [mainFile, 'attach', 'a'], { env: daemon.env })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const ended = once(child, 'close')
    child.stdin.end('ask Bash ls\n')
    await waitFor('the note', () => stderr.includes('drover approve'))
    await daemon.client.approvals.deny((await openOf('a'))[0]!.id)
    expect(await ended).toEqual([0, null])
  })
})
