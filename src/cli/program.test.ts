import { describe, expect, it } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { answerError, answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import { DroverError, type ErrorCode, type Problem } from '../schema/error.ts'
import { errorTable } from '../schema/error-table.ts'
import { commands } from './commands.ts'
import { isNear } from './program.ts'

const agent = {
  id: 'agent_1',
  name: 'a',
  status: 'idle',
  cause: null,
  provider: 'command',
  runtime: 'process',
  host: 'h',
  run: 'run_1',
  pid: 1,
  session: null,
  model: null,
  dir: '/',
  template: 'command',
  queued: 0,
  turns: 0,
  cost: { usd: null, inputTokens: null, outputTokens: null },
  lastRun: null,
  createdAt: 0,
  activeAt: 0,
}
const message = {
  id: 'msg_1',
  agent: 'a',
  from: 'user',
  body: 'hi',
  state: 'stored',
  cause: null,
  reply: null,
  run: null,
  createdAt: 0,
  updatedAt: 0,
}

describe('exit codes', () => {
  it.each(Object.keys(errorTable) as ErrorCode[])('of %s is that of the table', async (code) => {
    await using api = await startFakeApi((_, response) =>
      answerError(response, new DroverError(code, 'It is so.')),
    )
    const plain = await callCli(['show', 'a'], { home: api.folder })
    const json = await callCli(['show', 'a', '--json'], { home: api.folder })
    expect([plain.exitCode, json.exitCode]).toEqual([errorTable[code].exit, errorTable[code].exit])
    expect([plain.stdout, json.stdout]).toEqual(['', ''])
    expect(plain.stderr).toContain('drover: It is so.')
    expect(plain.stderr).toContain(errorTable[code].hint)
    expect(JSON.parse(json.stderr) as Problem).toMatchObject({ code, detail: 'It is so.' })
  })

  it('is 5, with one line, when no daemon answers', async () => {
    const { exitCode, stderr, stdout } = await callCli(['status'], {
      home: '/tmp/drover-no-such-home',
    })
    expect({ exitCode, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({
      exitCode: 5,
      stdout: '',
      lines: 1,
    })
  })

  it.each([
    [['pz'], 'Did you mean `drover ps`'],
    [['ps', '--bogus'], '--bogus'],
    [['--bogus', 'ps'], '--bogus'],
    [['show'], 'name'],
    [['ps', 'surplus'], 'too many arguments'],
    [['template'], 'subcommand'],
    [['run', 'x', '--timeout', 'soon'], '--timeout'],
    [['logs', 'x', '--raw', '--json'], '--raw'],
    [['logs', 'x', '-n', '-1'], '--lines'],
  ])('is 2 for the usage error %j', async (argv, word) => {
    const { exitCode, stderr } = await callCli(argv, { home: '/tmp/drover-no-such-home' })
    expect(exitCode).toBe(2)
    expect(stderr.toLowerCase()).toContain(word.toLowerCase())
  })

  it.each([
    ['done', 0],
    ['failed', 1],
    ['dead', 1],
    ['refused', 4],
  ])('of send --wait is by the receipt: %s %i', async (state, exit) => {
    await using api = await startFakeApi(({ method }, response) =>
      answerJson(
        response,
        method === 'POST' ? message : { ...message, state, cause: 'because', reply: 'yes' },
      ),
    )
    const { exitCode, stdout } = await callCli(['send', 'a', 'hi', '--wait', '--json'], {
      home: api.folder,
    })
    expect(exitCode).toBe(exit)
    expect(JSON.parse(stdout)).toEqual({ id: 'msg_1', state, cause: 'because', reply: 'yes' })
  })

  it('of send --wait is 6 when the time is up, and the receipt is printed', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, message))
    const argv = ['send', 'a', 'hi', '--wait', '--timeout', '0', '--json']
    const { exitCode, stdout, stderr } = await callCli(argv, { home: api.folder })
    expect(exitCode).toBe(6)
    expect(JSON.parse(stdout)).toEqual({ id: 'msg_1', state: 'stored' })
    expect(JSON.parse(stderr)).toMatchObject({ code: 'timeout' })
  })

  it('is 130 after Ctrl-C in a wait, which says what goes on', async () => {
    await using api = await startFakeApi(({ method }, response) => {
      if (method === 'POST') {
        answerJson(response, message)
      } else {
        process.emit('SIGINT')
      }
    })
    const { exitCode, stderr } = await callCli(['send', 'a', 'hi', '--wait'], { home: api.folder })
    expect({ exitCode, stderr }).toEqual({
      exitCode: 130,
      stderr: 'drover: left; a goes on with message msg_1.\n',
    })
  })
})

/** The body that a line of `drover run` sends. */
async function requestOf(...argv: string[]): Promise<unknown> {
  await using api = await startFakeApi((_, response) =>
    answerJson(response, { ...agent, message: null }, 201),
  )
  const result = await callCli(['run', ...argv], { home: api.folder })
  expect(result.stderr).toBe('')
  return api.seen[0]?.body
}

describe('drover run', () => {
  it('passes everything after -- to the program untouched', async () => {
    const body = await requestOf(
      'command',
      '--name',
      'a',
      '--dir',
      '/x',
      '--',
      '--json',
      '-n',
      '--',
      'a b',
      '',
    )
    expect(body).toEqual({
      template: 'command',
      name: 'a',
      dir: '/x',
      program: ['--json', '-n', '--', 'a b', ''],
    })
  })

  it('does not take the program for the prompt', async () => {
    expect(await requestOf('command', '--dir', '/', '--', 'cat')).toEqual({
      template: 'command',
      dir: '/',
      program: ['cat'],
    })
  })

  it('sends every option in its place, wherever it stands', async () => {
    const body = await requestOf(
      '--env',
      'A=1',
      'hello',
      '--in',
      'process',
      '--env',
      'B=x=y',
      'do it',
      '--model',
      'm',
      '--persona',
      'p',
      '--trigger',
      't',
      '--option',
      'maxTurns=3',
      '--option',
      'mode=plain',
      '--request-id',
      'r1',
      '--dir',
      '/d',
    )
    expect(body).toEqual({
      template: 'hello',
      prompt: 'do it',
      runtime: 'process',
      env: { A: '1', B: 'x=y' },
      model: 'm',
      persona: 'p',
      trigger: 't',
      options: { maxTurns: 3, mode: 'plain' },
      requestId: 'r1',
      dir: '/d',
    })
  })

  it('resolves a relative folder, and offers the current one to a template that names none', async () => {
    await using api = await startFakeApi((_, response) =>
      answerJson(response, { ...agent, message: null }, 201),
    )
    await callCli(['run', 'hello', '--dir', 'sub'], { home: api.folder })
    await callCli(['run', 'hello'], { home: api.folder })
    expect(api.seen.map(({ body }) => body)).toMatchObject([
      { dir: `${api.folder}/sub` },
      { defaultDir: api.folder },
    ])
  })

  it('prints the agent with receipt and reply after a wait', async () => {
    await using api = await startFakeApi(({ method, path }, response) => {
      const final = { ...message, state: 'done', reply: 'yes' }
      answerJson(
        response,
        method === 'POST'
          ? { ...agent, message }
          : path.includes('messages')
            ? final
            : { ...agent, spec: {} },
      )
    })
    const { exitCode, stdout } = await callCli(['run', 'hello', 'hi', '--wait', '--json'], {
      home: api.folder,
    })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'a',
      status: 'idle',
      receipt: 'done',
      reply: 'yes',
    })
  })

  it('refuses an environment entry without a value, sending nothing', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, agent))
    const { exitCode, stderr } = await callCli(['run', 'hello', '--env', 'FOO', '--json'], {
      home: api.folder,
    })
    expect({ exitCode, seen: api.seen.length }).toEqual({ exitCode: 2, seen: 0 })
    expect(JSON.parse(stderr)).toMatchObject({ code: 'invalid_env', details: { field: 'env' } })
  })
})

describe('drover send', () => {
  it('reads standard input for -', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, message))
    await callCli(['send', 'a', '-', '--id', 'k'], { home: api.folder, stdin: 'two\nlines\n' })
    expect(api.seen[0]?.body).toEqual({ body: 'two\nlines', id: 'k' })
  })

  it('takes a text that begins with a dash after --', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, message))
    await callCli(['send', 'a', '--', '--wait'], { home: api.folder })
    expect(api.seen[0]?.body).toEqual({ body: '--wait' })
  })

  it.each([
    ['invalid_message', Buffer.from([0x61, 0xff])],
    ['message_too_large', Buffer.alloc(10 * 1024 * 1024, 'a')],
  ])('refuses standard input with %s, sending nothing', async (code, stdin) => {
    await using api = await startFakeApi((_, response) => answerJson(response, message))
    const { exitCode, stderr } = await callCli(['send', 'a', '-', '--json'], {
      home: api.folder,
      stdin,
    })
    expect({ exitCode, seen: api.seen.length }).toEqual({ exitCode: 2, seen: 0 })
    expect(JSON.parse(stderr)).toMatchObject({ code })
  })

  it('prints the reply on a terminal as it is spoken, without terminal codes', async () => {
    let finish: (() => void) | null = null
    await using api = await startFakeApi(({ method, path }, response) => {
      if (path === '/v1/status') {
        answerJson(response, { lastSeq: 4 })
      } else if (path === '/v1/events') {
        const about = { agent: 'a', run: 'run_1', at: 0 }
        const events = [
          { ...about, seq: 5, type: 'text', data: { text: 'an earlier turn' } },
          { ...about, seq: 6, type: 'turn.started', data: { message: 'msg_1' } },
          { ...about, seq: 7, type: 'text', data: { text: 'Hel\u001B[3' } },
          { ...about, seq: 8, type: 'text', data: { text: '1mlo' } },
          { ...about, seq: 9, type: 'turn.ended', data: { message: 'msg_1' } },
        ]
        response
          .writeHead(200)
          .write(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
        setImmediate(() => finish?.())
      } else if (method === 'POST') {
        answerJson(response, message)
      } else {
        finish = () => answerJson(response, { ...message, state: 'done', reply: 'Hello' })
        setImmediate(() => finish?.())
      }
    })
    const { exitCode, stdout } = await callCli(['send', 'a', 'hi', '--wait'], {
      home: api.folder,
      isTerminal: true,
    })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Hello\n' })
  })
})

describe('help', () => {
  it('lists every command when called with nothing', async () => {
    const { exitCode, stdout } = await callCli([], { home: '/tmp' })
    expect(exitCode).toBe(0)
    for (const { usage } of Object.values(commands)) {
      expect(stdout).toContain(usage)
    }
  })

  it.each(Object.keys(commands))('of %s shows its options, --json among them', async (name) => {
    const { exitCode, stdout } = await callCli(['help', name], { home: '/tmp' })
    expect({ exitCode, usage: stdout.startsWith(`Usage: drover ${name}`) }).toEqual({
      exitCode: 0,
      usage: true,
    })
    expect(stdout).toContain('--json')
    expect(await callCli([name, '--help'], { home: '/tmp' })).toMatchObject({ exitCode: 0, stdout })
  })

  it('suggests a command one slip away', () => {
    expect([
      isNear('stop', 'sotp'),
      isNear('stop', 'stp'),
      isNear('stop', 'stopp'),
      isNear('stop', 'start'),
    ]).toEqual([true, true, true, false])
  })
})

describe('doctor', () => {
  it('looks for itself when no daemon runs', async () => {
    const { exitCode, stdout } = await callCli(['doctor', '--json'], {
      home: '/tmp/drover-no-such-home',
    })
    expect({ exitCode, report: JSON.parse(stdout) as unknown }).toEqual({
      exitCode: 0,
      report: { version: '0.0.0', checks: [] },
    })
  })
})
