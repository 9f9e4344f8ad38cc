import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { findMarkedProcesses } from '../../src/util/process-identity.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { EnvironmentProgram, parseEnvironment } from '../support/environment-program.ts'
import { realProgram, requireOrSkip, type RealProgram } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 90 }
const echoRunner = fileURLToPath(new URL('../../examples/runners/echo.sh', import.meta.url))
const acpAgent = fileURLToPath(new URL('../fixtures/acp-agent.mjs', import.meta.url))

/** The environment of a host that has everything an agent must not get. */
const host = {
  USER: 'ada',
  LOGNAME: 'ada',
  TZ: 'Europe/Berlin',
  LC_TIME: 'de_DE.UTF-8',
  CLAUDE_CODE_EXPERIMENTAL_TEAMS: '1',
  PASSED: 'by config',
  ANTHROPIC_API_KEY: 'leak',
  ANTHROPIC_BASE_URL: 'http://leak',
  CLAUDE_CONFIG_DIR: '/leak',
  CLAUDECODE: '1',
  CODEX_HOME: '/leak',
  OPENAI_API_KEY: 'leak',
  OLLAMA_HOST: 'leak',
  GEMINI_API_KEY: 'leak',
  GOOGLE_GEMINI_BASE_URL: 'http://leak',
  OPENCODE_CONFIG: '/leak',
  DROVER_TOKEN: 'leak',
  DROVER_AGENT: 'leak',
  AWS_SECRET_ACCESS_KEY: 'leak',
  GITHUB_TOKEN: 'leak',
  EDITOR: 'vi',
  SHLVL: '3',
  NODE_OPTIONS: '--no-warnings',
}

/** What each agent gets of that host, of config, template and request, and of Drover. */
const ofEveryAgent = [
  'CLAUDE_CODE_EXPERIMENTAL_TEAMS',
  'DROVER_AGENT',
  'DROVER_INSTANCE',
  'DROVER_RUN',
  'DROVER_SOCKET',
  'DROVER_TOKEN',
  'FROM_CONFIG',
  'FROM_REQUEST',
  'FROM_TEMPLATE',
  'HOME',
  'LANG',
  'LC_TIME',
  'LOGNAME',
  'PASSED',
  'PATH',
  'PWD',
  'TZ',
  'USER',
]

interface EnvironmentCase {
  provider: string
  /** The real program; null: it comes with Drover or with every system. */
  real: RealProgram | null
  /** The variable that tells it of the folder of an account. */
  account?: string
  /** What its provider sets beside. */
  own: readonly string[]
  /** Endpoint of config that it talks to. */
  upstream?: 'anthropic' | 'openai' | 'gemini'
  request?: (program: string, folder: string) => Partial<RunRequestInput>
}

/** Every provider that can be had here; a new one gets a line. */
const cases: readonly EnvironmentCase[] = [
  { provider: 'chat', real: null, own: [], upstream: 'openai' },
  { provider: 'command', real: null, own: [], request: (program) => ({ program: [program] }) },
  {
    provider: 'ndjson',
    real: null,
    own: ['DROVER_NEW_SESSION', 'DROVER_STATE', 'DROVER_SYSTEM_PROMPT_FILE'],
    request: (program) => ({ program: [program] }),
  },
  {
    provider: 'acp',
    real: null,
    own: [],
    request: (program, folder) => ({ program: [program, folder] }),
  },
  {
    provider: 'claude',
    real: 'claude',
    account: 'CLAUDE_CONFIG_DIR',
    upstream: 'anthropic',
    own: [
      'ANTHROPIC_API_KEY',
      'ANTHROPIC_BASE_URL',
      'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
      'CLAUDE_CONFIG_DIR',
      'DISABLE_AUTOUPDATER',
      'DISABLE_ERROR_REPORTING',
      'DISABLE_TELEMETRY',
    ],
  },
  {
    provider: 'codex',
    real: 'codex',
    account: 'CODEX_HOME',
    upstream: 'openai',
    own: ['CODEX_HOME'],
  },
  {
    provider: 'opencode',
    real: 'opencode',
    account: 'XDG_DATA_HOME',
    upstream: 'openai',
    own: [
      'OPENCODE_CONFIG',
      'OPENCODE_DISABLE_AUTOUPDATE',
      'OPENCODE_DISABLE_MODELS_FETCH',
      'OPENCODE_DISABLE_SHARE',
      'OPENCODE_PERMISSION',
      'XDG_CONFIG_HOME',
      'XDG_DATA_HOME',
      'XDG_STATE_HOME',
    ],
  },
  {
    provider: 'gemini',
    real: 'gemini',
    account: 'GEMINI_CLI_HOME',
    upstream: 'gemini',
    own: ['GEMINI_API_KEY', 'GEMINI_CLI_HOME', 'GEMINI_CLI_NO_RELAUNCH', 'GOOGLE_GEMINI_BASE_URL'],
    request: () => ({ model: 'gemini-2.5-pro' }),
  },
]

/** What runs behind the wrapper, where the provider does not find its own. */
const programs: Readonly<Record<string, readonly [string, ...string[]]>> = {
  command: ['/bin/cat'],
  ndjson: ['/bin/sh', echoRunner],
  acp: [process.execPath, acpAgent],
}

describe('the environment that a program is started with is the list and nothing else:', () => {
  for (const each of cases) {
    const testHere =
      each.real === null ? test : requireOrSkip(each.real, realProgram(each.real) !== null)
    testHere(each.provider, async () => await checkEnvironment(each))
  }

  test.each(['claude', 'codex', 'opencode', 'gemini'] as const)(
    'the real %s is one of them',
    (name) => {
      expect(cases.some(({ real }) => real === name)).toBe(true)
    },
  )
})

describe('an agent of an account has the folder of that, and beside it the same environment:', () => {
  for (const each of cases.filter(({ account }) => account !== undefined)) {
    requireOrSkip(each.provider, each.real !== null && realProgram(each.real) !== null)(
      each.provider,
      async () => {
        using account = temporaryFolder()
        const { environment } = await environmentOf(each, { configDir: account.path })
        expect(environment[each.account ?? '']).toMatch(new RegExp(`^${account.path}(/|$)`))
        expect(each.own.filter((name) => !(name in environment))).toEqual([])
        expect(JSON.stringify(environment)).not.toContain('leak')
      },
    )
  }
})

/** Starts an agent behind a program that writes its environment down, and gives that once it has answered. */
async function environmentOf(
  { provider, real, upstream, request }: EnvironmentCase,
  options: Record<string, unknown> = {},
): Promise<{ environment: Record<string, string>; state: string; folder: string; socket: string }> {
  const [program, ...args] = programs[provider] ?? [(real && realProgram(real)) ?? '/bin/false']
  using wrapper = new EnvironmentProgram(program, ...args)
  using folder = temporaryFolder()
  await using model = await startModelServer()
  const upstreams = upstream ? { [upstream]: { url: model.url, model: 'scripted' } } : {}
  await using daemon = await startTestDaemon({
    config: {
      env: { FROM_CONFIG: '1', FROM_TEMPLATE: 'config', FROM_REQUEST: 'config' },
      passEnv: ['PASSED'],
      gateway: { upstreams: { ollama: { url: 'http://127.0.0.1:9' }, ...upstreams } },
      providers: real === null ? {} : { [provider]: { path: wrapper.path } },
    },
    env: host,
  })
  const { client, home } = daemon
  mkdirSync(home.templatesFolder, { recursive: true })
  const template = { provider, env: { FROM_TEMPLATE: 'template', FROM_REQUEST: 'template' } }
  writeFileSync(path.join(home.templatesFolder, 'mine.yaml'), JSON.stringify(template))
  const { message, id } = await client.run(
    {
      template: 'mine',
      name: 'a',
      dir: folder.path,
      env: { FROM_REQUEST: 'request' },
      options,
      prompt: 'are you there?',
      ...request?.(wrapper.path, folder.path),
    },
    up,
  )
  expect(message).toMatchObject({ state: 'done' })
  return {
    environment: provider === 'chat' ? await ofRunning() : wrapper.read(),
    state: path.join(home.agentsFolder, id, 'state'),
    folder: folder.path,
    socket: home.socketFile,
  }
}

async function checkEnvironment(each: EnvironmentCase): Promise<void> {
  const { environment, state, folder, socket } = await environmentOf(each)
  expect(Object.keys(environment).toSorted()).toEqual([...ofEveryAgent, ...each.own].toSorted())
  expect(JSON.stringify(environment)).not.toContain('leak')
  expect(environment).toMatchObject({
    FROM_CONFIG: '1',
    FROM_TEMPLATE: 'template',
    FROM_REQUEST: 'request',
    PASSED: 'by config',
    DROVER_AGENT: 'a',
    DROVER_SOCKET: socket,
    PWD: folder,
  })
  // A folder that its program keeps things in is the agent's own, never the user's.
  for (const name of each.own.filter((own) => /(_DIR|_HOME|_CONFIG)$/.test(own))) {
    expect(environment[name]).toMatch(new RegExp(`^${state}/`))
  }
}

/** Of a program that comes with Drover: what the system tells of it. */
async function ofRunning(): Promise<Record<string, string>> {
  let found: Record<string, string> | undefined
  await waitFor('the program', async () => {
    const marked = await findMarkedProcesses('FROM_REQUEST=request\0')
    const program = marked.find(({ command }) => command !== 'sh')
    found = program && parseEnvironment(program.environment)
    return found !== undefined
  })
  return found ?? {}
}
