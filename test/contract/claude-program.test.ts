import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import { claudeProvider } from '../../src/providers/claude/index.ts'
import type { LaunchRequest, ProviderEvent } from '../../src/providers/contract.ts'
import { AgentSpec } from '../../src/schema/agent.ts'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { driveProgram, type Driver } from './drive-program.ts'

const program = realProgram('claude')
const testReal = requireOrSkip('claude', program !== null)

let server: ModelServer
let folder: string
let dir: string
const drivers: Driver[] = []

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-claude-')))
  dir = path.join(folder, 'work')
  mkdirSync(dir)
})
afterEach(async () => {
  await Promise.all(
    drivers.splice(0).map(async ({ child, exited }) => {
      child.kill('SIGKILL')
      await exited
    }),
  )
  rmSync(folder, { recursive: true, force: true })
})

const session = '44444444-4444-4444-8444-444444444444'

const specOf = (options: Record<string, unknown>, rest: Partial<AgentSpec> = {}): AgentSpec =>
  AgentSpec.parse({ provider: 'claude', runtime: 'process', dir, options, ...rest })

/** Brings the real Claude Code up on the scripted model. */
async function start(
  options: Record<string, unknown> = {},
  rest: Partial<LaunchRequest> = {},
): Promise<Driver> {
  const driver = await driveProgram(claudeProvider, {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    programPath: program,
    upstreams: { anthropic: { url: server.url } },
    signal: AbortSignal.timeout(60_000),
    agent: { id: 'agt_1', name: 'rex' },
    spec: specOf(options),
    resume: null,
    newSession: session,
    isFork: false,
    systemPrompt: null,
    stateFolder: path.join(folder, 'state'),
    runFolder: path.join(folder, 'run'),
    ...rest,
  })
  drivers.push(driver)
  return driver
}

async function ask(driver: Driver, id: string, body: string) {
  driver.send({ id, from: 'user', body })
  return await driver.turnEnded(id)
}

type Question = Extract<ProviderEvent, { type: 'question' }>
const isQuestionOf =
  (tool: string) =>
  (event: ProviderEvent): event is Question =>
    event.type === 'question' && event.tool === tool
const isUnusable = (event: ProviderEvent): event is Extract<ProviderEvent, { type: 'unusable' }> =>
  event.type === 'unusable'

const lastSystemPrompt = (): string =>
  JSON.stringify(
    server.requests.findLast(({ path: place }) => place.endsWith('/v1/messages'))?.body['system'],
  )

describe('the real Claude Code', () => {
  testReal(
    'that was allowed something for its session asks the same no more, and writes it nowhere',
    async () => {
      const driver = await start({ permissionMode: 'default' })
      driver.send({ id: 'm1', from: 'user', body: '[[bash:touch one]]' })
      const question = await driver.waitFor(isQuestionOf('Bash'))
      driver.answer(question, { isAllowed: true, isForSession: true, message: null })
      await driver.turnEnded('m1')
      expect(await ask(driver, 'm2', '[[bash:touch one && echo again]]')).toMatchObject({
        error: null,
      })
      expect(driver.events.filter(({ type }) => type === 'question')).toHaveLength(1)
      expect(existsSync(path.join(dir, '.claude'))).toBe(false)
    },
  )

  testReal('takes another permission mode under way, and asks by that', async () => {
    const driver = await start({ permissionMode: 'default' })
    const place = path.join(dir, 'written')
    const body = `[[tool:Write ${JSON.stringify({ file_path: place, content: 'x' })}]]`
    expect(driver.reload({ options: { permissionMode: 'acceptEdits' } })).toBe(true)
    expect(await ask(driver, 'm1', body)).toMatchObject({ error: null })
    expect(driver.events.filter(({ type }) => type === 'question')).toEqual([])
    expect(existsSync(place)).toBe(true)
    expect(driver.reload({ options: { permissionMode: 'default' } })).toBe(true)
    driver.send({ id: 'm2', from: 'user', body: '[[bash:touch two]]' })
    await driver.waitFor(isQuestionOf('Bash'))
  })

  testReal('is unmoved by a second answer, and by an answer to what it never asked', async () => {
    const driver = await start({ permissionMode: 'default' })
    driver.send({ id: 'm1', from: 'user', body: '[[bash:touch one]]' })
    const question = await driver.waitFor(isQuestionOf('Bash'))
    driver.answer(
      { ...question, reply: { requestId: 'another', suggestions: [] } },
      { isAllowed: true, isForSession: false, message: null },
    )
    driver.answer(question, { isAllowed: false, isForSession: false, message: 'no' })
    driver.answer(question, { isAllowed: true, isForSession: false, message: null })
    expect(await driver.turnEnded('m1')).toMatchObject({ reply: expect.stringContaining('no') })
    expect(existsSync(path.join(dir, 'one'))).toBe(false)
    expect(await ask(driver, 'm2', '[[say:well]]')).toMatchObject({ reply: 'well' })
  })

  testReal('asks a person what to do, and reads the answer', async () => {
    const driver = await start({ permissionMode: 'bypassPermissions' })
    const input = {
      questions: [
        {
          question: 'Which colour?',
          header: 'Colour',
          options: [
            { label: 'red', description: 'r' },
            { label: 'blue', description: 'b' },
          ],
          multiSelect: false,
        },
      ],
    }
    const body = `[[tool:AskUserQuestion ${JSON.stringify(input)}]]`
    driver.send({ id: 'm1', from: 'user', body })
    const question = await driver.waitFor(isQuestionOf('AskUserQuestion'))
    expect(question.title).toBe('AskUserQuestion: Which colour?')
    driver.answer(question, { isAllowed: true, isForSession: false, message: 'green, please' })
    expect((await driver.turnEnded('m1')).reply).toContain('green, please')
  })

  testReal(
    'is told what its agent is told now, though its session began with another',
    async () => {
      const first = await start({}, { systemPrompt: 'You bark.' })
      await ask(first, 'm1', 'hello')
      expect(lastSystemPrompt()).toContain('You bark.')
      await first.end()
      const later = await start({}, { resume: session, systemPrompt: 'You purr.' })
      await ask(later, 'm2', 'hello')
      expect(lastSystemPrompt()).toContain('You purr.')
      expect(lastSystemPrompt()).not.toContain('You bark.')
    },
  )

  testReal('goes on with a session of its user in a folder of its own', async () => {
    const first = await start({ configDir: path.join(folder, '.claude') })
    await ask(first, 'm1', 'hello')
    await first.end()
    const found = await claudeProvider.findSession?.({
      env: { PATH: process.env['PATH'] ?? '', HOME: folder },
      programPath: program,
      upstreams: { anthropic: { url: server.url } },
      signal: AbortSignal.timeout(60_000),
      spec: specOf({}),
      stateFolder: path.join(folder, 'state'),
      session: null,
    })
    expect(found).toMatchObject({ id: session, files: [expect.anything()] })
    for (const { from, to } of found?.files ?? []) {
      mkdirSync(path.dirname(to), { recursive: true })
      copyFileSync(from, to)
    }
    const later = await start({}, { resume: session })
    expect(await ask(later, 'm2', 'hello again')).toMatchObject({ error: null })
    expect(JSON.stringify(server.requests.at(-1)?.body['messages'])).toContain('echo: hello')
  })

  testReal('ends a message at once that its session had before', async () => {
    const first = await start()
    await ask(first, 'm1', 'hello')
    await first.end()
    const later = await start({}, { resume: session })
    expect(await ask(later, 'm1', 'hello')).toMatchObject({
      error: expect.stringContaining('from an earlier run'),
    })
  })

  testReal('can not be talked to where its session is gone, and says which', async () => {
    const gone = '55555555-5555-4555-8555-555555555555'
    const driver = await start({}, { resume: gone })
    expect(await driver.waitFor(isUnusable)).toMatchObject({
      class: 'config',
      message: expect.stringContaining(gone),
    })
    expect(await driver.exited).toMatchObject({ code: 1 })
  })

  testReal('tells of jobs that it has beside its turns', async () => {
    const driver = await start({ permissionMode: 'bypassPermissions' })
    const input = { command: 'sleep 1', description: 'x', run_in_background: true }
    await ask(driver, 'm1', `[[tool:Bash ${JSON.stringify(input)}]]`)
    const jobs =
      (count: number) =>
      (event: ProviderEvent): event is ProviderEvent =>
        event.type === 'background' && event.jobs === count
    await driver.waitFor(jobs(1))
    await driver.waitFor(jobs(0))
  })

  testReal('takes every option as its flag', async () => {
    const options = {
      permissionMode: 'acceptEdits',
      maxTurns: 5,
      fallbackModel: ['claude-haiku-4-5'],
      systemPrompt: 'You are nobody.',
      allowedTools: ['Bash(echo:*)'],
      disallowedTools: ['WebFetch'],
    }
    const args = ['--disable-slash-commands']
    const spec = specOf(options, { effort: 'low', addDirs: [folder], args })
    const driver = await start(options, { spec })
    expect(await ask(driver, 'm1', '[[bash:echo hi]]')).toMatchObject({ error: null })
    expect(lastSystemPrompt()).toContain('You are nobody.')
    expect(driver.events.filter(({ type }) => type === 'question')).toEqual([])
  })

  testReal(
    'has no variable but those it was given, and keeps its files with its agent',
    async () => {
      const driver = await start()
      await ask(driver, 'm1', 'hello')
      const environment = readFileSync(`/proc/${driver.child.pid}/environ`, 'utf8')
      const names = environment
        .split('\0')
        .flatMap((pair) => pair.split('=', 1))
        .filter(Boolean)
      expect(names.toSorted()).toEqual([
        'ANTHROPIC_API_KEY',
        'ANTHROPIC_BASE_URL',
        'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
        'CLAUDE_CONFIG_DIR',
        'DISABLE_AUTOUPDATER',
        'DISABLE_ERROR_REPORTING',
        'DISABLE_TELEMETRY',
        'HOME',
        'PATH',
      ])
      expect(existsSync(path.join(folder, 'state', 'claude', 'projects'))).toBe(true)
      expect(existsSync(path.join(folder, '.claude'))).toBe(false)
      expect(existsSync(path.join(folder, '.claude.json'))).toBe(false)
    },
  )
})
