import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatProvider } from '../../src/providers/chat/index.ts'
import type { LaunchRequest, ProviderEvent } from '../../src/providers/contract.ts'
import { AgentSpec } from '../../src/schema/agent.ts'
import { identifyProcess, isProcessAlive } from '../../src/util/process-identity.ts'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { driveProgram, type Driver } from './drive-program.ts'

let server: ModelServer
let folder: string
const drivers: Driver[] = []
beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-chat-')))
  mkdirSync(path.join(folder, 'work'))
})
afterEach(() => {
  drivers.splice(0).forEach(({ child }) => child.kill('SIGKILL'))
  rmSync(folder, { recursive: true, force: true })
})

interface Agent {
  spec?: Partial<AgentSpec>
  options?: Record<string, unknown>
  upstreams?: LaunchRequest['upstreams']
  resume?: string
  systemPrompt?: string
}

/** Starts the program on the scripted model, unless told otherwise. */
async function start({
  spec,
  options,
  upstreams,
  resume,
  systemPrompt,
}: Agent = {}): Promise<Driver> {
  const driver = await driveProgram(chatProvider, {
    env: { PATH: process.env['PATH'] ?? '' },
    programPath: null,
    upstreams: upstreams ?? { openai: { url: server.url, model: 'scripted-model' } },
    signal: AbortSignal.timeout(10_000),
    agent: { id: 'agt_1', name: 'rex' },
    spec: AgentSpec.parse({
      provider: 'chat',
      runtime: 'process',
      dir: path.join(folder, 'work'),
      ...spec,
      options: { endpoint: 'openai', askTools: false, ...options },
    }),
    resume: resume ?? null,
    newSession: 'ses_1',
    isFork: false,
    systemPrompt: systemPrompt ?? null,
    stateFolder: folder,
    runFolder: `${folder}/run`,
  })
  drivers.push(driver)
  return driver
}

const message = (id: string, body: string) => ({ id, from: 'user', body })

async function ask(driver: Driver, id: string, body: string) {
  driver.send(message(id, body))
  return driver.turnEnded(id)
}

const isText = (event: ProviderEvent): event is Extract<ProviderEvent, { type: 'text' }> =>
  event.type === 'text'
const isError = (event: ProviderEvent): event is Extract<ProviderEvent, { type: 'error' }> =>
  event.type === 'error'

interface WireMessage {
  role: string
  content: string
}

function lastMessages(): WireMessage[] {
  return server.requests.at(-1)?.body['messages'] as WireMessage[]
}

describe('a turn of the chat program', () => {
  test('asks no model about a message without the trigger', async () => {
    const driver = await start({ spec: { trigger: 'rex' } })
    const before = server.requests.length
    expect(await ask(driver, 'm1', 'nice weather')).toMatchObject({ reply: '', error: null })
    expect(driver.events).toContainEqual(
      expect.objectContaining({ type: 'status', status: 'ignored' }),
    )
    expect(server.requests).toHaveLength(before)
    expect(await ask(driver, 'm2', 'Rex, sit')).toMatchObject({ reply: 'echo: Rex, sit' })
  })

  test('works through messages that came while it was busy, in order', async () => {
    const driver = await start()
    ;['m1', 'm2', 'm3'].forEach((id) => driver.send(message(id, `[[say:${id}]]`)))
    await driver.turnEnded('m3')
    const replies = driver.events.flatMap((event) =>
      event.type === 'turn.ended' ? [event.reply] : [],
    )
    expect(replies).toEqual(['m1', 'm2', 'm3'])
  })

  test('tells tokens as the endpoint counts them, and no price it does not know', async () => {
    expect((await ask(await start(), 'm1', 'x')).cost).toEqual({
      usd: null,
      inputTokens: 100,
      outputTokens: 20,
      cachedInputTokens: 50,
    })
  })

  test('gives the model persona and memory anew each turn, and what it remembers it finds again', async () => {
    const driver = await start({
      spec: { persona: 'You bark.' },
      options: { memory: 'notes/MEMORY.md' },
    })
    await ask(driver, 'm1', '[[tool:remember {"text":"tea\\nat four"}]][[say:noted]]')
    expect(readFileSync(path.join(folder, 'work', 'notes', 'MEMORY.md'), 'utf8')).toBe(
      '- tea at four\n',
    )
    await ask(driver, 'm2', 'and now?')
    expect(lastMessages()[0]).toMatchObject({
      role: 'system',
      content: expect.stringMatching(/rex.*You bark\..*- tea at four/s),
    })
  })

  test('keeps file tools inside the folder, and says so to the model', async () => {
    writeFileSync(path.join(folder, 'secret'), 'secret')
    const driver = await start()
    await ask(
      driver,
      'm1',
      '[[tool:read_file {"path":"../secret"}]][[tool:write_file {"path":"../new","content":"x"}]][[say:ok]]',
    )
    const results = driver.events.flatMap((event) => (event.type === 'tool.result' ? [event] : []))
    expect(results).toMatchObject([
      { isError: true, output: expect.stringContaining('outside') },
      { isError: true },
    ])
    expect(existsSync(path.join(folder, 'new'))).toBe(false)
  })

  test('does not give a tool that the agent was not given', async () => {
    const driver = await start({ options: { tools: ['remember'] } })
    await ask(driver, 'm1', '[[tool:run_command {"argv":["touch","x"]}]][[say:ok]]')
    expect(driver.events).toContainEqual(
      expect.objectContaining({ type: 'tool.result', isError: true }),
    )
    expect(existsSync(path.join(folder, 'work', 'x'))).toBe(false)
  })

  test('comes to an end when the model would call tools for ever', async () => {
    const driver = await start({ options: { maxToolRounds: 2 } })
    const calls = '[[tool:run_command {"argv":["true"]}]]'.repeat(5)
    expect((await ask(driver, 'm1', calls)).error).toContain('limit of 2 rounds')
    expect(await ask(driver, 'm2', '[[say:still well]]')).toMatchObject({
      reply: 'still well',
      error: null,
    })
  })

  test('sends the key of its key file, and shows it nowhere', async () => {
    const keyFile = path.join(folder, 'key')
    writeFileSync(keyFile, 'sk-very-secret\n')
    const driver = await start({ upstreams: { openai: { url: server.url, model: 'm', keyFile } } })
    await ask(driver, 'm1', 'x')
    expect(server.requests.at(-1)?.headers['authorization']).toBe('Bearer sk-very-secret')
    const shown = [
      driver.child.spawnargs,
      driver.events,
      readFileSync(path.join(folder, 'chat.json'), 'utf8'),
    ]
    expect(JSON.stringify(shown)).not.toContain('sk-very-secret')
  })
})

describe('the tools of the chat program', () => {
  const results = (driver: Driver) =>
    driver.events.flatMap((event) => (event.type === 'tool.result' ? [event] : []))

  test('list a folder, and change one place of a file', async () => {
    const work = path.join(folder, 'work')
    mkdirSync(path.join(work, 'notes'))
    writeFileSync(path.join(work, 'a.txt'), 'one $& two $& two')
    const driver = await start()
    const edit = (old: string) =>
      `[[tool:edit_file {"path":"a.txt","old":${JSON.stringify(old)},"new":"1 $&"}]]`
    await ask(
      driver,
      'm1',
      `[[tool:list_folder {"path":"."}]]${edit('one')}${edit('two')}${edit('nothing')}${edit('')}[[say:ok]]`,
    )
    expect(results(driver)).toMatchObject([
      { output: 'a.txt\nnotes/', isError: false },
      { output: 'Changed a.txt.', isError: false },
      { output: expect.stringContaining('"old" is 2 times'), isError: true },
      { output: expect.stringContaining('"old" is 0 times'), isError: true },
      { isError: true },
    ])
    expect(readFileSync(path.join(work, 'a.txt'), 'utf8')).toBe('1 $& $& two $& two')
  })

  test('stay in the folder, and leave what is no text alone', async () => {
    const bytes = Buffer.from([0xff, 0x61, 0xfe])
    writeFileSync(path.join(folder, 'work', 'b.bin'), bytes)
    writeFileSync(path.join(folder, 'outside'), 'a')
    symlinkSync(path.join(folder, 'outside'), path.join(folder, 'work', 'link'))
    const driver = await start()
    const edit = (file: string) => `[[tool:edit_file {"path":"${file}","old":"a","new":"b"}]]`
    await ask(
      driver,
      'm1',
      `[[tool:list_folder {"path":".."}]]${['b.bin', 'link', '../outside', 'none', '.'].map(edit).join('')}[[say:ok]]`,
    )
    expect(results(driver).filter((result) => result.isError)).toHaveLength(6)
    expect(readFileSync(path.join(folder, 'work', 'b.bin'))).toEqual(bytes)
    expect(readFileSync(path.join(folder, 'outside'), 'utf8')).toBe('a')
  })

  test('that are denied are not offered', async () => {
    const driver = await start({ options: { denyTools: ['run_command', 'write_file'] } })
    await ask(driver, 'm1', 'x')
    const offered = server.requests.at(-1)?.body['tools'] as { function: { name: string } }[]
    expect(offered.map((tool) => tool.function.name)).toEqual([
      'list_folder',
      'read_file',
      'edit_file',
      'remember',
    ])
  })
})

type Question = Extract<ProviderEvent, { type: 'question' }>

describe('a question of the chat program', () => {
  const touch = (...names: string[]) =>
    names.map((name) => `[[tool:run_command {"argv":["touch","${name}"]}]]`).join('')
  const made = (name: string) => existsSync(path.join(folder, 'work', name))
  const question = (driver: Driver, n: number) =>
    driver.waitFor(
      (event): event is Question => event.type === 'question' && event.id === `question_${n}`,
    )
  const yes = { isAllowed: true, isForSession: false, message: null }

  test('comes before a program is run, unless it is told otherwise', async () => {
    const driver = await start({ options: { askTools: ['run_command'] } })
    driver.send(message('m1', `${touch('a')}[[tool:list_folder {"path":"."}]][[say:ok]]`))
    const asked = await question(driver, 1)
    expect(asked).toMatchObject({
      tool: 'run_command',
      input: { argv: ['touch', 'a'] },
      title: 'run_command: touch a',
    })
    expect(made('a')).toBe(false)
    driver.answer(asked, yes)
    expect(await driver.turnEnded('m1')).toMatchObject({ reply: 'ok', error: null })
    expect(made('a')).toBe(true)
  })

  test('that is denied tells the model why, and the turn goes on', async () => {
    const driver = await start({ options: { askTools: true } })
    driver.send(message('m1', touch('a')))
    driver.answer(await question(driver, 1), { ...yes, isAllowed: false, message: 'not here' })
    expect(await driver.turnEnded('m1')).toMatchObject({
      reply: 'tool said: Not allowed: not here',
      error: null,
    })
    expect(made('a')).toBe(false)
  })

  test('that is allowed for the session is not asked again for the very same call', async () => {
    const driver = await start({ options: { askTools: true } })
    driver.send(message('m1', touch('a', 'a', 'b')))
    driver.answer(await question(driver, 1), { ...yes, isForSession: true })
    const other = await question(driver, 2)
    expect(other).toMatchObject({ input: { argv: ['touch', 'b'] } })
    driver.answer(other, yes)
    await driver.turnEnded('m1')
    expect(made('b')).toBe(true)
  })

  test('is denied when nobody can answer any more', async () => {
    const driver = await start({ options: { askTools: true } })
    driver.send(message('m1', touch('a', 'b')))
    await question(driver, 1)
    expect(await driver.end()).toEqual({ code: 0, signal: null })
    expect(await driver.turnEnded('m1')).toMatchObject({ error: null })
    expect([made('a'), made('b')]).toEqual([false, false])
  })
})

describe('a message in mid-turn', () => {
  const steering = (id: string, body: string) => ({ ...message(id, body), isSteering: true })

  test('joins before the next call of the model, also when it had nothing more to do', async () => {
    const driver = await start()
    driver.send(message('m1', '[[slow:5]]'))
    await driver.waitFor(isText)
    driver.send(steering('m2', 'what about tea?'))
    driver.send(steering('m3', '[[say:tea it is]]'))
    const reply = 'tick0 tick1 tick2 tick3 tick4 \n\ntea it is'
    for (const id of ['m1', 'm2', 'm3']) {
      expect(await driver.turnEnded(id)).toMatchObject({ reply, error: null })
    }
    const said = lastMessages().slice(1)
    expect(said.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      'user: [[slow:5]]',
      'assistant: tick0 tick1 tick2 tick3 tick4 ',
      'user: what about tea?',
      'user: [[say:tea it is]]',
    ])
    await driver.end()
    const later = await start({ resume: 'ses_1' })
    await ask(later, 'm4', 'and now?')
    expect(lastMessages().map(({ content }) => content)).toContain('what about tea?')
  })

  test('that does not hold the trigger has a turn of its own, in which nobody is asked', async () => {
    const driver = await start({ spec: { trigger: 'rex' } })
    driver.send(message('m1', 'rex, [[slow:3]]'))
    await driver.waitFor(isText)
    driver.send(steering('m2', 'nice weather'))
    expect(await driver.turnEnded('m2')).toMatchObject({ reply: '', error: null })
    expect(await driver.turnEnded('m1')).toMatchObject({ reply: 'tick0 tick1 tick2 ' })
    expect(driver.events).toContainEqual({ type: 'accepted', message: 'm2', joined: false })
  })
})

describe('an interrupt', () => {
  test('leaves what was heard of the answer in the conversation', async () => {
    const driver = await start()
    driver.send(message('m1', '[[slow:100]]'))
    await driver.waitFor(
      (event): event is Extract<ProviderEvent, { type: 'text' }> =>
        isText(event) && event.text.includes('tick1'),
    )
    expect(driver.interrupt()).toBe(true)
    const { reply, error } = await driver.turnEnded('m1')
    expect([reply.startsWith('tick0 tick1 '), error]).toEqual([true, 'interrupted'])
    await expect.poll(() => server.requests.at(-1)?.isAborted).toBe(true)
    await ask(driver, 'm2', 'go on')
    expect(lastMessages().slice(1, 3)).toMatchObject([
      { role: 'user', content: '[[slow:100]]' },
      { role: 'assistant', content: reply },
    ])
  })

  test('ends a command with all that it started, and the next turn is well', async () => {
    const driver = await start()
    driver.send(
      message('m1', '[[tool:run_command {"argv":["sh","-c","echo $$ > pid; sleep 60; true"]}]]'),
    )
    const pidFile = path.join(folder, 'work', 'pid')
    const pidText = () => (existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '')
    await expect.poll(pidText).toMatch(/^\d+\n$/)
    const command = await identifyProcess(Number(pidText()))
    driver.interrupt()
    expect(await driver.turnEnded('m1')).toMatchObject({ error: 'interrupted' })
    expect(command !== null && (await isProcessAlive(command))).toBe(false)
    expect(await ask(driver, 'm2', '[[say:well]]')).toMatchObject({ reply: 'well', error: null })
  })

  test('that comes too late, or names another turn, ends nothing', async () => {
    const driver = await start()
    await ask(driver, 'm1', 'x')
    driver.child.stdin.write('{"type":"interrupt","id":"m1"}\n{"type":"interrupt"}\n')
    driver.send(message('m2', '[[slow:3]]'))
    await driver.waitFor(isText)
    driver.child.stdin.write('{"type":"interrupt","id":"m1"}\n')
    expect(await driver.turnEnded('m2')).toMatchObject({ error: null })
  })
})

describe('a change as it runs', () => {
  test('puts another persona in the place of the old one, in all that it is told of itself', async () => {
    const driver = await start({
      spec: { persona: 'You bark.' },
      systemPrompt: 'This machine is laptop.\n\nYou bark.\n\nAda is a peer.',
    })
    await ask(driver, 'm1', 'x')
    expect(lastMessages()[0]?.content).toContain('laptop.\n\nYou bark.\n\nAda')
    driver.reload({ persona: 'You purr. $&' })
    await ask(driver, 'm2', 'x')
    expect(lastMessages()[0]?.content).toContain('laptop.\n\nYou purr. $&\n\nAda')
  })

  test('of the model counts from the next turn on, and what can not be reached stays so', async () => {
    const nowhere = { openai: { url: 'http://127.0.0.1:1', model: 'm' } }
    const driver = await start({ upstreams: nowhere, options: { endpoint: 'auto' } })
    expect((await ask(driver, 'm1', 'x')).error).not.toBeNull()
    expect(driver.reload({ model: 'big' })).toBe(true)
    expect((await ask(driver, 'm2', 'x')).error).not.toBeNull()
    const well = await start()
    await ask(well, 'm1', 'x')
    expect(well.reload({ model: 'big' })).toBe(true)
    expect((await ask(well, 'm2', 'x')).model).toBe('big')
    expect(server.requests.at(-1)?.body['model']).toBe('big')
  })

  test('of the trigger counts from the next message on', async () => {
    const driver = await start()
    expect(await ask(driver, 'm1', 'x')).toMatchObject({ reply: 'echo: x' })
    driver.reload({ trigger: 'rex' })
    expect(await ask(driver, 'm2', 'x')).toMatchObject({ reply: '' })
    expect(await ask(driver, 'm3', 'rex?')).toMatchObject({ reply: 'echo: rex?' })
  })
})

describe('a model that fails', () => {
  test.each([
    [401, 'auth'],
    [402, 'quota'],
    [404, 'config'],
    [429, 'rate_limit'],
    [529, 'overloaded'],
  ])(
    'with status %i ends the turn with class %s, and the next one is well',
    async (status, errorClass) => {
      const driver = await start()
      const ended = await ask(driver, 'm1', `[[fail:${status}]]`)
      expect(ended).toMatchObject({ reply: '', error: expect.stringContaining(String(status)) })
      expect(await driver.waitFor(isError)).toMatchObject({ class: errorClass })
      expect(await ask(driver, 'm2', '[[say:well]]')).toMatchObject({ reply: 'well', error: null })
    },
  )

  test('by not being there is a network error', async () => {
    const driver = await start({ upstreams: { openai: { url: 'http://127.0.0.1:1', model: 'm' } } })
    expect((await ask(driver, 'm1', 'x')).error).toContain('refused the connection')
    expect(await driver.waitFor(isError)).toMatchObject({ class: 'network' })
  })

  test('by a key file that is not there is an auth error', async () => {
    const driver = await start({
      upstreams: { openai: { url: server.url, model: 'm', keyFile: '/no/such/key' } },
    })
    await ask(driver, 'm1', 'x')
    expect(await driver.waitFor(isError)).toMatchObject({ class: 'auth' })
  })

  test.each([
    ['before its first word', '', 'was silent for 200 ms'],
    [
      'in mid-answer',
      'data: {"choices":[{"delta":{"content":"half"}}]}\n\n',
      'was silent for 200 ms',
    ],
    [
      'with an error in the stream',
      'data: {"error":{"message":"no room"}}\n\n',
      'broke off: no room',
    ],
    ['with a stream that is not JSON', 'data: oops\n\n', 'broke off'],
  ])('%s is told, with what was said until then', async (_, said, error) => {
    const stub = await startStub(said)
    const driver = await start({
      upstreams: { openai: { url: stub.url, model: 'm' } },
      options: { silenceDeadlineMs: 200 },
    })
    const ended = await ask(driver, 'm1', 'x')
    expect(ended.error).toContain(error)
    expect(ended.reply).toBe(said.includes('half') ? 'half' : '')
    stub.close()
  })

  test('and was named, is never replaced by the practice model', async () => {
    const driver = await start({
      spec: { model: 'big' },
      options: { endpoint: 'auto' },
      upstreams: { ollama: { url: 'http://127.0.0.1:1' } },
    })
    expect((await ask(driver, 'm1', 'x')).error).toContain('big')
  })
})

/** An endpoint that says something and then nothing more. */
async function startStub(said: string): Promise<{ url: string; close(): void }> {
  const stub: Server = createServer((_, response) => {
    if (said !== '') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(said)
    }
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  stub.listen(0, '127.0.0.1', resolve)
  await promise
  const close = () => {
    stub.closeAllConnections()
    stub.close()
  }
  return { url: `http://127.0.0.1:${(stub.address() as AddressInfo).port}`, close }
}

describe('the end of the chat program', () => {
  test('comes after the turn it is in, when its input ends', async () => {
    const driver = await start()
    driver.send(message('m1', '[[slow:3]]'))
    await driver.waitFor(isText)
    expect(await driver.end()).toEqual({ code: 0, signal: null })
    expect(await driver.turnEnded('m1')).toMatchObject({ reply: 'tick0 tick1 tick2 ', error: null })
  })

  test('comes after the turn it is in, when it is told to stop, and what waited is not begun', async () => {
    const driver = await start()
    driver.send(message('m1', '[[slow:3]]'))
    driver.send(message('m2', 'later'))
    await driver.waitFor(isText)
    driver.child.stdin.write('{"type":"stop"}\n')
    expect(await driver.exited).toEqual({ code: 0, signal: null })
    expect(await driver.turnEnded('m1')).toMatchObject({ reply: 'tick0 tick1 tick2 ' })
    expect(driver.events).not.toContainEqual({ type: 'accepted', message: 'm2' })
  })

  test('comes at once on TERM: the turn is aborted, and so is the request', async () => {
    const driver = await start()
    driver.send(message('m1', '[[slow:100]]'))
    await driver.waitFor(isText)
    driver.child.kill('SIGTERM')
    expect(await driver.exited).toEqual({ code: 143, signal: null })
    expect(await driver.turnEnded('m1')).toMatchObject({ error: 'The turn was aborted.' })
    await expect.poll(() => server.requests.at(-1)?.isAborted).toBe(true)
  })

  test('by TERM takes a running command with it', async () => {
    const driver = await start()
    driver.send(
      message('m1', '[[tool:run_command {"argv":["sh","-c","echo $$ > pid; exec sleep 60"]}]]'),
    )
    const pidFile = path.join(folder, 'work', 'pid')
    const pidText = () => (existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '')
    await expect.poll(pidText).toMatch(/^\d+\n$/)
    const command = await identifyProcess(Number(pidText()))
    expect(command).not.toBeNull()
    driver.child.kill('SIGTERM')
    expect(await driver.exited).toEqual({ code: 143, signal: null })
    await expect.poll(async () => command !== null && (await isProcessAlive(command))).toBe(false)
  })
})

describe('a later run', () => {
  test('goes on after a kill in mid-turn, and a message that comes again is asked once', async () => {
    const driver = await start()
    await ask(driver, 'm1', 'first')
    driver.send(message('m2', '[[slow:100]]'))
    await driver.waitFor(
      (event): event is Extract<ProviderEvent, { type: 'text' }> =>
        isText(event) && event.text.includes('tick'),
    )
    driver.child.kill('SIGKILL')
    await driver.exited
    appendFileSync(path.join(folder, 'sessions', 'ses_1.jsonl'), '{"type":"assis')
    const later = await start({ resume: 'ses_1' })
    expect(await ask(later, 'm2', '[[say:again]]')).toMatchObject({ reply: 'again', error: null })
    expect(
      lastMessages()
        .slice(1)
        .map(({ role, content }) => `${role}: ${content}`),
    ).toEqual(['user: first', 'assistant: echo: first', 'user: [[say:again]]'])
  })

  test('ends with an error, not with a new conversation, when the session is gone', async () => {
    const driver = await start({ resume: 'ses_gone' })
    expect(await driver.exited).toMatchObject({ code: 1 })
    expect(await driver.waitFor(isError)).toMatchObject({
      class: 'config',
      message: expect.stringContaining('ses_gone'),
    })
  })
})

test('a line that is no query is answered, and the program lives on', async () => {
  const driver = await start()
  driver.child.stdin.write('garbage\n\n{"type":"query"}\n{"type":"ping"}\n')
  expect(await driver.waitFor(isError)).toMatchObject({
    class: 'config',
    message: expect.stringContaining('garbage'),
  })
  expect(await ask(driver, 'm1', '[[say:well]]')).toMatchObject({ reply: 'well' })
})

test('a line of a later protocol is skipped without a word', async () => {
  const driver = await start()
  driver.child.stdin.write('{"type":"dream","id":"m0"}\n')
  await ask(driver, 'm1', 'x')
  expect(driver.events.filter(isError)).toEqual([])
})
