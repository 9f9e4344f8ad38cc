import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codexProvider } from '../../src/providers/codex/index.ts'
import type { LaunchRequest, ProviderEvent } from '../../src/providers/contract.ts'
import { AgentSpec } from '../../src/schema/agent.ts'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { realProgram } from '../support/real-programs.ts'
import { createStage, sessionOf, type Stage } from './provider-stage.ts'

/** Codex gives up at once: the model is scripted, and what it says would be the same again. */
const args = ['request_max_retries', 'stream_max_retries'].flatMap((name) => [
  '-c',
  `model_providers.drover.${name}=0`,
])
const secret = 'sk-a-secret-key'

const is =
  <T extends ProviderEvent['type']>(type: T) =>
  (event: ProviderEvent): event is Extract<ProviderEvent, { type: T }> =>
    event.type === type

const command = (cmd: string, rest: object = {}): string =>
  `[[tool:exec_command ${JSON.stringify({ cmd, ...rest })}]]`
const message = (body: string) => ({ id: 'msg_1', from: 'user', body })
const nowhere = '01a1fe17-7623-7db0-abe3-9b759300dccc'

// `codex.test.ts` says where it is wanted and not there.
describe.skipIf(!realProgram('codex'))('the real Codex', () => {
  let server: ModelServer
  let stage: Stage
  beforeAll(async () => {
    server = await startModelServer()
    stage = createStage({
      provider: codexProvider,
      programPath: realProgram('codex'),
      upstreams: { openai: { url: server.url, model: 'scripted' } },
      env: { DROVER_TOKEN: 'a-token' },
      isAccepting: true,
      turns: [message(''), message('')].map(({ body }) => ({ body, reply: /./ })) as never,
    })
  })
  afterAll(async () => {
    await stage.close()
    await server.close()
  })

  /** An agent with these options; each has a state of its own. */
  let agents = 0
  const agent = (
    options: object,
    { fields = {}, ...rest }: Partial<LaunchRequest> & { fields?: Partial<AgentSpec> } = {},
    resume: string | null = null,
  ): LaunchRequest => {
    const base = stage.request(resume, 'unused', rest)
    const spec = AgentSpec.parse({ ...base.spec, args, options, ...fields })
    return { ...base, stateFolder: path.join(stage.folder, `state-${++agents}`), spec, ...rest }
  }

  test.for(['app-server', 'exec'])(
    'says of a session that is not there that it can not be used, over %s',
    async (protocol) => {
      const driver = await stage.drive(agent({ protocol }, {}, nowhere))
      if (protocol === 'exec') {
        driver.send(message('hello'))
      }
      expect(await driver.waitFor(is('unusable'))).toMatchObject({
        class: 'config',
        message: expect.stringContaining(nowhere),
      })
      expect((await driver.end()).code).toBe(0)
    },
  )

  test.for([
    [401, 'auth'],
    [400, 'config'],
    [503, 'overloaded'],
  ] as const)('answered with %s fails its turn as %s, over both', async ([status, errorClass]) => {
    for (const protocol of ['app-server', 'exec']) {
      const driver = await stage.drive(agent({ protocol }))
      driver.send(message(`[[fail:${status}]]`))
      expect(await driver.turnEnded('msg_1')).toMatchObject({
        reply: '',
        error: expect.stringMatching(/./),
      })
      expect(driver.events.find(is('error'))).toMatchObject({ class: errorClass })
      await driver.end()
    }
  })

  test('is interrupted though its turn has no name yet', async () => {
    const driver = await stage.drive(agent({}))
    await driver.waitFor(is('ready'))
    driver.send(message('[[slow:100]]'))
    expect(driver.interrupt()).toBe(true)
    expect(await driver.turnEnded('msg_1')).toMatchObject({ error: 'interrupted' })
    await driver.end()
  })

  test('is told why something is not allowed, in the same turn', async () => {
    const driver = await stage.drive(agent({}))
    const rest = { sandbox_permissions: 'require_escalated', justification: 'to make it' }
    driver.send(message(command('touch /never', rest)))
    const question = await driver.waitFor(is('question'))
    expect(question).toMatchObject({ tool: 'shell', reason: 'to make it' })
    driver.answer(question, {
      isAllowed: false,
      isForSession: false,
      message: '[[say:I will use another folder]]',
    })
    expect(await driver.turnEnded('msg_1')).toMatchObject({
      error: null,
      reply: 'I will use another folder',
    })
    await driver.end()
  })

  test('asks no second time for what it may do in this session', async () => {
    const driver = await stage.drive(agent({}))
    const rest = { sandbox_permissions: 'require_escalated', justification: 'to look' }
    driver.send(message(command('echo looked', rest)))
    const question = await driver.waitFor(is('question'))
    driver.answer(question, { isAllowed: true, isForSession: true, message: null })
    await driver.turnEnded('msg_1')
    driver.send({ ...message(command('echo looked', rest)), id: 'msg_2' })
    expect((await driver.turnEnded('msg_2')).reply).toContain('looked')
    expect(driver.events.filter(is('question'))).toHaveLength(1)
    await driver.end()
  })

  test('asks for a change of files outside with the files, and makes it when allowed', async () => {
    const driver = await stage.drive(agent({ sandbox: 'read-only' }))
    const file = path.join(stage.folder, 'work', 'patched')
    const patch = `*** Begin Patch\n*** Add File: ${file}\n+hello\n*** End Patch`
    driver.send(message(command(`apply_patch <<'EOF'\n${patch}\nEOF`)))
    const question = await driver.waitFor(is('question'))
    expect(question).toMatchObject({
      tool: 'apply_patch',
      title: `change ${file}`,
      input: { changes: [{ path: file }] },
    })
    driver.answer(question, { isAllowed: true, isForSession: false, message: null })
    expect(await driver.turnEnded('msg_1')).toMatchObject({ error: null })
    expect(readFileSync(file, 'utf8')).toBe('hello\n')
    await driver.end()
  })

  test.for(['app-server', 'exec'])(
    'keeps its commands in their sandbox, over %s',
    async (protocol) => {
      const driver = await stage.drive(agent({ protocol, sandbox: 'read-only' }))
      const file = path.join(stage.folder, 'work', `written-${protocol}`)
      driver.send(message(command(`touch '${file}'`)))
      expect((await driver.turnEnded('msg_1')).reply).toContain('Read-only file system')
      expect(existsSync(file)).toBe(false)
      await driver.end()
    },
  )

  test.for(['app-server', 'exec'])(
    'may write to the folders that it was given, and to no others, over %s',
    async (protocol) => {
      // Not below the system's temporary folder: to that every command may write.
      const [given, other] = ['given', 'other'].map(() =>
        mkdtempSync('/var/tmp/drover-codex-'),
      ) as [string, string]
      const driver = await stage.drive(agent({ protocol }, { fields: { addDirs: [given] } }))
      driver.send(message(command(`touch '${given}/a'; touch '${other}/a'`)))
      await driver.turnEnded('msg_1')
      expect([existsSync(`${given}/a`), existsSync(`${other}/a`)]).toEqual([true, false])
      await driver.end()
      for (const folder of [given, other]) {
        rmSync(folder, { recursive: true })
      }
    },
  )

  test.for(['app-server', 'exec'])(
    'uses a folder that a person named, and leaves their settings as they are, over %s',
    async (protocol) => {
      const configDir = path.join(stage.folder, `mine-${protocol}`)
      const config = '# mine\nmodel_verbosity = "low"\n'
      mkdirSync(configDir)
      writeFileSync(path.join(configDir, 'config.toml'), config)
      writeFileSync(path.join(configDir, 'work.config.toml'), 'developer_instructions = "Work."\n')
      const fields = protocol === 'exec' ? { profile: 'work' } : {}
      const driver = await stage.drive(
        agent({ protocol, configDir }, { fields, systemPrompt: 'You are a "crow".' }),
      )
      driver.send(message('hello'))
      expect(await driver.turnEnded('msg_1')).toMatchObject({ error: null, reply: 'echo: hello' })
      expect(JSON.stringify(server.requests.at(-1)?.body)).toContain(
        String.raw`You are a \"crow\".`,
      )
      await driver.end()
      expect(readFileSync(path.join(configDir, 'config.toml'), 'utf8')).toBe(config)
      expect(existsSync(path.join(configDir, 'sessions'))).toBe(true)
      expect(existsSync(path.join(configDir, 'AGENTS.md'))).toBe(false)
    },
  )

  test('has no variable but those it was given; its commands have not the key of its endpoint', async () => {
    const keyFile = path.join(stage.folder, 'key')
    writeFileSync(keyFile, `${secret}\n`)
    const openai = { url: server.url, keyFile, model: 'scripted' }
    const request = agent({}, { upstreams: { openai } })
    const driver = await stage.drive(request)
    const argv = readFileSync(`/proc/${driver.child.pid}/cmdline`, 'utf8')
    const environment = readFileSync(`/proc/${driver.child.pid}/environ`, 'utf8')
    const names = environment.split('\0').flatMap((pair) => pair.split('=', 1))
    expect(names.filter(Boolean).toSorted()).toEqual([
      'CODEX_HOME',
      'DROVER_CODEX_KEY',
      'DROVER_TOKEN',
      'HOME',
      'PATH',
    ])
    driver.send(message(command('env')))
    await driver.turnEnded('msg_1')
    const { output } = await driver.waitFor(is('tool.result'))
    expect(server.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${secret}`)
    expect(argv).not.toContain(secret)
    expect(output).not.toContain(secret)
    expect(output).toContain('DROVER_TOKEN=a-token')
    expect(existsSync(path.join(stage.folder, 'home', '.codex'))).toBe(false)
    await driver.end()
  })

  test('takes the model that it likes best where none is named, with the tools of that', async () => {
    const request = agent({}, { upstreams: { openai: { url: server.url } } })
    const driver = await stage.drive(request)
    driver.send(message('[[bash:echo from a program]]'))
    const ended = await driver.turnEnded('msg_1')
    expect(ended).toMatchObject({ error: null, reply: expect.stringContaining('from a program') })
    expect(ended.model).toMatch(/^gpt-/)
    expect(driver.events.find(is('tool.result'))).toMatchObject({ output: 'from a program\n' })
    await driver.end()
  })

  test.for(['its own', 'the person’s'])(
    'is told of itself anew in each run of a session, in a folder that is %s',
    async (whose) => {
      const configDir = path.join(stage.folder, 'home-of-a-person')
      mkdirSync(configDir, { recursive: true })
      const options = whose === 'its own' ? {} : { configDir }
      const first = agent(options, { systemPrompt: 'You are a crow.', fields: { effort: 'high' } })
      const told = () => JSON.stringify(server.requests.at(-1)?.body['input'])
      const driver = await stage.drive(first)
      driver.send(message('hello'))
      await driver.turnEnded('msg_1')
      await driver.end()
      expect(told()).toContain('You are a crow.')
      const resume = sessionOf(driver.events)!
      for (const systemPrompt of ['You are a heron.', 'You are a heron.', 'You are a hawk.']) {
        const later = await stage.drive({ ...first, resume, systemPrompt })
        later.send(message('hello again'))
        expect(await later.turnEnded('msg_1')).toMatchObject({ reply: 'echo: hello again' })
        expect(told().split(systemPrompt)).toHaveLength(2)
        expect(server.requests.at(-1)?.body).toMatchObject({
          model: 'scripted',
          reasoning: { effort: 'high' },
        })
        await later.end()
      }
    },
  )
})
