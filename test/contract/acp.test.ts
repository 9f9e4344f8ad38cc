import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acpProvider } from '../../src/providers/acp/index.ts'
import { carryAcpState } from '../../src/providers/acp/state.ts'
import type { ProviderEvent } from '../../src/providers/contract.ts'
import type { AgentSpec } from '../../src/schema/agent.ts'
import { describeProvider } from './describe-provider.ts'
import { driveProgram, type Driver } from './drive-program.ts'
import { createStage, firstSession, sessionOf, type Stage } from './provider-stage.ts'

const agentFile = fileURLToPath(new URL('../fixtures/acp-agent.mjs', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'drover-acp-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const program = (...flags: string[]): string[] => [process.execPath, agentFile, folder, ...flags]

/** What the sessions of the fixture say of themselves. */
const sessions = (): { model: string }[] =>
  readdirSync(folder).map(
    (name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as { model: string },
  )

describeProvider('acp on an agent of the official SDK', async () => ({
  provider: acpProvider,
  spec: { program: program(), persona: 'You are a test.' },
  isAccepting: true,
  turns: [
    { body: 'are you there?', reply: /^echo: are you there\?$/ },
    { body: '[[think]] [[plan]] [[say:planned]]', reply: /^planned$/ },
  ],
  afterResume: { body: '[[know]]', reply: /are you there\?.*You are a test\./s },
  asking: { spec: {}, body: (file) => `[[ask:${file}]]` },
  longTurn: '[[slow:100]]',
  reloading: {
    change: { model: 'large' },
    isSeen: () => sessions().some(({ model }) => model === 'large'),
  },
}))

type OfType<T extends ProviderEvent['type']> = Extract<ProviderEvent, { type: T }>
const isOfType =
  <T extends ProviderEvent['type']>(type: T) =>
  (event: ProviderEvent): event is OfType<T> =>
    event.type === type
const message = (id: string, body: string) => ({ id, from: 'user', body })

describe('acp', () => {
  let stage: Stage
  beforeAll(() => {
    stage = createStage({
      provider: acpProvider,
      isAccepting: true,
      turns: [
        { body: '', reply: /x/ },
        { body: '', reply: /x/ },
      ],
    })
  })
  afterAll(async () => await stage.close())

  const bring = async (spec: Partial<AgentSpec>, resume: string | null = null): Promise<Driver> => {
    const request = stage.request(resume, firstSession)
    return await stage.drive({
      ...request,
      spec: { ...request.spec, ...spec },
      systemPrompt: spec.persona ?? null,
    })
  }
  const turn = async (driver: Driver, body: string, id = 'msg_1') => {
    driver.send(message(id, body))
    return await driver.turnEnded(id)
  }

  test('tells nothing of the past again when a program can only load it', async () => {
    const spec = { program: program('no-resume') }
    const first = await bring(spec)
    await turn(first, 'the word is heron')
    await first.end()
    const later = await bring(spec, sessionOf(first.events) ?? null)
    const { reply } = await turn(later, '[[know]]')
    expect(reply).toContain('the word is heron')
    const texts = later.events.filter(isOfType('text')).map(({ text }) => text)
    expect(texts.join('')).toBe(reply)
    await later.end()
  })

  test('tells who it is with the first message where there is no other place, and only once', async () => {
    const spec = { program: program('no-system-prompt'), persona: 'You are Iris.' }
    const driver = await bring(spec)
    expect((await turn(driver, 'hello')).reply).toBe('echo: hello')
    await turn(driver, 'again', 'msg_2')
    const { reply } = await turn(driver, '[[know]]', 'msg_3')
    const { said } = JSON.parse(reply) as { said: string[] }
    expect(said).toEqual(['You are Iris.\nhello', 'again'])
    await driver.end()
    const later = await bring(spec, sessionOf(driver.events) ?? null)
    await turn(later, 'third')
    expect((await turn(later, '[[know]]', 'msg_2')).reply).toContain('"again","[[know]]","third"')
    await later.end()
  })

  test('is told of a system prompt that is too long before it starts', async () => {
    const persona = 'x'.repeat(600_000)
    await expect(bring({ program: program(), persona })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    const driver = await bring({ program: program(), persona: persona.slice(0, 500_000) })
    expect((await turn(driver, 'hello')).reply).toBe('echo: hello')
    await driver.end()
  })

  test('has no session to go on with before something was said in it', async () => {
    const driver = await bring({ program: program() })
    await driver.waitFor(isOfType('ready'))
    expect(driver.events.some(isOfType('session'))).toBe(false)
    await turn(driver, 'hello')
    expect(sessionOf(driver.events)).toMatch(/^ses-/)
    await driver.end()
  })

  test('chooses model and mode before the first message', async () => {
    const driver = await bring({ program: program(), model: 'large', options: { mode: 'bold' } })
    expect(JSON.parse((await turn(driver, '[[know]]')).reply)).toMatchObject({
      model: 'large',
      mode: 'bold',
    })
    await driver.end()
  })

  test('counts money by the growth of its sum, in later runs too, and tokens with what was cached', async () => {
    const driver = await bring({ program: program() })
    const cost = { usd: 0.25, inputTokens: 10, cachedInputTokens: 3, outputTokens: 5 }
    expect((await turn(driver, 'one')).cost).toEqual(cost)
    expect((await turn(driver, 'two', 'msg_2')).cost).toEqual(cost)
    const carried = carryAcpState(driver.state())
    await driver.end()
    const session = sessionOf(driver.events) ?? null
    const request = stage.request(session, firstSession)
    const later = { ...request, spec: { ...request.spec, program: program() } }
    const known = await driveProgram(acpProvider, later, carried)
    expect((await turn(known, 'three')).cost).toEqual(cost)
    await known.end()
    const unknown = await driveProgram(acpProvider, later)
    expect((await turn(unknown, 'four')).cost).toEqual({ ...cost, usd: null })
    await unknown.end()
  })

  test('refuses what it does not offer, and the program goes on', async () => {
    const driver = await bring({ program: program() })
    expect((await turn(driver, '[[read:/etc/passwd]]')).reply).toBe('refused with -32601')
    await driver.end()
  })

  test.for([
    ['rate limit exceeded', 'rate_limit'],
    ['Invalid API key', 'auth'],
    ['something else', 'unknown'],
  ] as const)('says %s with its class %s, and takes the next message', async ([text, group]) => {
    const driver = await bring({ program: program() })
    expect(await turn(driver, `[[fail:${text}]]`)).toMatchObject({
      error: expect.stringContaining(text),
    })
    expect(driver.events.find(isOfType('error'))).toMatchObject({ class: group })
    expect(await turn(driver, 'next', 'msg_2')).toMatchObject({ error: null, reply: 'echo: next' })
    await driver.end()
  })

  test('an answer for the session is the program’s "always"', async () => {
    const driver = await bring({ program: program() })
    const file = path.join(stage.folder, 'always')
    driver.send(message('msg_1', `[[ask:${file}]]`))
    const question = await driver.waitFor(isOfType('question'))
    expect(question).toMatchObject({ tool: 'edit', title: `make ${file}`, input: { file } })
    driver.answer(question, { isAllowed: true, isForSession: true, message: null })
    await driver.turnEnded('msg_1')
    expect(driver.events.find(isOfType('tool.result'))).toMatchObject({ output: 'ever' })
    expect(existsSync(file)).toBe(true)
    await driver.end()
  })

  test('gives up a silent turn, and the program takes the next message', async () => {
    const driver = await bring({ program: program(), options: { silentMs: 300 } })
    expect(await turn(driver, '[[hang]]')).toMatchObject({
      error: expect.stringContaining('0.3 s (options.silentMs)'),
    })
    expect(driver.events.find(isOfType('error'))).toMatchObject({ class: 'network' })
    expect(await turn(driver, 'next', 'msg_2')).toMatchObject({ error: null })
    await driver.end()
  })

  test('logs in the way that is named', async () => {
    const driver = await bring({ program: program('login'), options: { authMethod: 'key' } })
    expect(await turn(driver, 'hello')).toMatchObject({ error: null })
    await driver.end()
  })

  test.for([
    ['is not logged in', { program: program('login') }, 'auth', 'log in first'],
    ['speaks another version', { program: program('old') }, 'config', 'speaks version 0'],
    ['has no such model', { program: program(), model: 'huge' }, 'config', 'did not take model'],
    [
      'has no such mode',
      { program: program(), options: { mode: 'mad' } },
      'config',
      'did not take options.mode',
    ],
    [
      'takes no other folders',
      { program: program(), addDirs: Array.of('/tmp') },
      'config',
      'addDirs:',
    ],
    ['has no choice of effort', { program: program(), effort: 'high' }, 'config', 'effort:'],
  ] as const)('can’t be used where it %s', async ([, spec, group, text]) => {
    const driver = await bring(spec)
    expect(await driver.waitFor(isOfType('unusable'))).toMatchObject({
      class: group,
      message: expect.stringContaining(text),
    })
    expect(driver.events.some(isOfType('ready'))).toBe(false)
    await driver.end()
  })

  test.for([
    ['is gone', program(), 'there is no session ses-gone'],
    ['can’t be resumed', program('no-resume', 'no-load'), "can't go on with a session"],
  ] as const)('can’t be used when its session %s', async ([, argv, text]) => {
    const driver = await bring({ program: [...argv] }, 'ses-gone')
    expect(await driver.waitFor(isOfType('unusable'))).toMatchObject({
      class: 'config',
      message: expect.stringContaining(text),
    })
    await driver.end()
  })
})
