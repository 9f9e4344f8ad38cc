import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { AgentSpec } from '../../schema/agent.ts'
import type { LaunchRequest, ProviderLaunch } from '../contract.ts'
import { launchCodex } from './launch.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-codex-'))
const program = path.join(folder, 'codex')
writeFileSync(program, '#!/bin/sh\n')
chmodSync(program, 0o755)
const keyFile = path.join(folder, 'key')
writeFileSync(keyFile, 'the-key\n')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const request = (
  spec: Partial<AgentSpec> = {},
  rest: Partial<LaunchRequest> = {},
): LaunchRequest => ({
  env: { PATH: folder, HOME: path.join(folder, 'nobody') },
  programPath: null,
  upstreams: {},
  signal: new AbortController().signal,
  agent: { id: 'agent_1', name: 'a' },
  spec: AgentSpec.parse({ provider: 'codex', runtime: 'process', dir: folder, ...spec }),
  resume: null,
  newSession: 'new-session',
  isFork: false,
  systemPrompt: null,
  stateFolder: '/state',
  runFolder: '/run',
  ...rest,
})

const linesOf = ({ input = '' }: ProviderLaunch): Record<string, unknown>[] =>
  input
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const fileOf = ({ files }: ProviderLaunch, name: string): string | undefined =>
  files.find((file) => path.basename(file.path) === name)?.content

/** A home where `codex login` left this. */
function homeWith(name: string, login: object): string {
  const home = path.join(folder, name)
  mkdirSync(path.join(home, '.codex'), { recursive: true })
  writeFileSync(path.join(home, '.codex', 'auth.json'), JSON.stringify(login))
  return home
}

describe('a launch of codex app-server', () => {
  test('greets it and asks for a new thread in the folder, in a home of its own', () => {
    const launch = launchCodex(request({ model: 'gpt-5' }))
    expect(launch.argv).toEqual([program, 'app-server'])
    expect(launch.env).toEqual({ CODEX_HOME: '/state/codex' })
    const [initialize, initialized, thread] = linesOf(launch)
    expect(initialize).toMatchObject({
      method: 'initialize',
      params: { clientInfo: { name: 'drover' } },
    })
    expect(initialized).toEqual({ method: 'initialized' })
    expect(thread).toEqual({
      id: 'drover-thread',
      method: 'thread/start',
      params: {
        cwd: folder,
        approvalPolicy: 'on-request',
        sandbox: 'workspace-write',
        model: 'gpt-5',
      },
    })
    expect(fileOf(launch, 'config.toml')).toBe(
      [
        '# Written by Drover at each start.',
        'check_for_update_on_startup = false',
        'model = "gpt-5"',
        'approval_policy = "on-request"',
        'sandbox_mode = "workspace-write"',
        '',
        '[analytics]',
        'enabled = false',
        '',
        '[feedback]',
        'enabled = false',
        '',
        '[sandbox_workspace_write]',
        'network_access = false',
        '',
        '[shell_environment_policy]',
        'exclude = ["DROVER_CODEX_KEY"]',
        '',
      ].join('\n'),
    )
  })

  test('goes on with a thread, or with a copy of it', () => {
    const resumed = linesOf(launchCodex(request({}, { resume: 'old' })))[2]
    expect(resumed).toMatchObject({ method: 'thread/resume', params: { threadId: 'old' } })
    const forked = linesOf(launchCodex(request({}, { resume: 'old', isFork: true })))[2]
    expect(forked).toMatchObject({ method: 'thread/fork', params: { threadId: 'old' } })
  })

  test('has each option as its setting', () => {
    const options = {
      approvalPolicy: 'never',
      sandbox: 'read-only',
      network: true,
    }
    const launch = launchCodex(
      request({
        options,
        effort: 'high',
        addDirs: ['/a "b"', '/c'],
        args: ['--enable', 'x'],
      }),
    )
    expect(launch.argv.slice(2)).toEqual(['--enable', 'x'])
    const config = fileOf(launch, 'config.toml')
    for (const line of [
      'approval_policy = "never"',
      'sandbox_mode = "read-only"',
      'model_reasoning_effort = "high"',
      'network_access = true',
      String.raw`writable_roots = ["/a \"b\"", "/c"]`,
    ]) {
      expect(config).toContain(`\n${line}\n`)
    }
  })

  test('has what it is told of itself in a file, never in its arguments', () => {
    const launch = launchCodex(request({}, { systemPrompt: 'You are secret.' }))
    expect(fileOf(launch, 'AGENTS.md')).toBe('You are secret.')
    expect(launch.argv.join(' ')).not.toContain('secret')
    expect(fileOf(launchCodex(request()), 'AGENTS.md')).toBe('')
  })

  test('leaves a folder that a person named as it is: settings are arguments, instructions go with the thread', () => {
    const options = { configDir: '/mine' }
    const launch = launchCodex(request({ options, effort: 'low' }, { systemPrompt: 'Be brief.' }))
    expect(launch.files).toEqual([])
    expect(launch.env['CODEX_HOME']).toBe('/mine')
    expect(launch.argv.join(' ')).toContain('-c model_reasoning_effort="low"')
    expect(linesOf(launch)[2]).toMatchObject({ params: { developerInstructions: 'Be brief.' } })
    const rest = { systemPrompt: 'Be long.', resume: 'old' }
    const [, , resumed, instructed] = linesOf(launchCodex(request({ options }, rest)))
    expect(resumed).toMatchObject({ method: 'thread/resume', id: 'drover-thread-to-instruct' })
    expect(instructed).toMatchObject({
      method: 'thread/settings/update',
      params: { collaborationMode: { settings: { developer_instructions: 'Be long.' } } },
    })
  })
})

describe('the endpoint in config', () => {
  const openai = { url: 'http://127.0.0.1:1', keyFile, model: 'theirs' }

  test('is a model provider of Codex, its key in the environment only', () => {
    const launch = launchCodex(request({}, { upstreams: { openai } }))
    const config = fileOf(launch, 'config.toml')
    expect(config).toContain('model_provider = "drover"')
    expect(config).toContain('[model_providers.drover]')
    expect(config).toContain('base_url = "http://127.0.0.1:1/v1"')
    expect(config).toContain('model = "theirs"')
    expect(config).toContain('env_key = "DROVER_CODEX_KEY"')
    expect(launch.env['DROVER_CODEX_KEY']).toBe('the-key')
    const { env: _env, ...rest } = launch
    expect(JSON.stringify(rest)).not.toContain('the-key')
  })

  test('is given with or without its version, and needs no key', () => {
    const launch = launchCodex(
      request({}, { upstreams: { openai: { url: 'http://127.0.0.1:1/v1/' } } }),
    )
    expect(fileOf(launch, 'config.toml')).toContain('base_url = "http://127.0.0.1:1/v1"')
    expect(fileOf(launch, 'config.toml')).not.toContain('env_key')
    expect(launch.env).not.toHaveProperty('DROVER_CODEX_KEY')
  })

  test('with a key that can not be read is an error that names it', () => {
    const upstreams = { openai: { url: 'http://127.0.0.1:1', keyFile: '/no/such/key' } }
    expect(() => launchCodex(request({}, { upstreams }))).toThrow(
      expect.objectContaining({ code: 'invalid_config' }),
    )
  })
})

describe('a login of the person', () => {
  test('by a key is the agent’s too', () => {
    const home = homeWith('keyed', { OPENAI_API_KEY: 'sk-1' })
    const launch = launchCodex(request({}, { env: { PATH: folder, HOME: home } }))
    expect(JSON.parse(fileOf(launch, 'auth.json') ?? '')).toEqual({ OPENAI_API_KEY: 'sk-1' })
  })

  test('to an account is used where it is, and the settings there are left as they are', () => {
    const home = homeWith('account', { OPENAI_API_KEY: null, tokens: { access_token: 'a' } })
    const launch = launchCodex(request({}, { env: { PATH: folder, HOME: home } }))
    expect(launch.env['CODEX_HOME']).toBe(path.join(home, '.codex'))
    expect(launch.files).toEqual([])
    expect(launch.argv).toContain('sandbox_mode="workspace-write"')
    const openai = { url: 'http://127.0.0.1:1' }
    const rest = { env: { PATH: folder, HOME: home }, upstreams: { openai } }
    const own = launchCodex(request({}, rest))
    expect(own.env['CODEX_HOME']).toBe('/state/codex')
    expect(fileOf(own, 'auth.json')).toBeUndefined()
  })
})

describe('a launch of codex exec', () => {
  test('is a script that runs it once for each turn', () => {
    const { argv, input, files } = launchCodex(request({ options: { protocol: 'exec' } }))
    expect(argv[0]).toBe('/bin/sh')
    expect(argv[1]).toMatch(/exec-turns\.sh$/)
    const rest = ['new', '', program, 'exec', '--json', '--skip-git-repo-check']
    expect(argv.slice(2)).toEqual(rest)
    expect(input).toBeUndefined()
    expect(files.find((file) => file.path.endsWith('config.toml'))?.content).toContain(
      'approval_policy = "never"',
    )
  })

  test('goes on with a session, and takes a profile of the folder that a person named', () => {
    const options = { protocol: 'exec', configDir: '/mine' }
    const { argv } = launchCodex(
      request({ options, profile: 'work' }, { resume: 'old', isFork: true }),
    )
    expect(argv.slice(2, 8)).toEqual(['fork', 'old', program, '-p', 'work', 'exec'])
  })
})

test('a program that is not there is an error that says how to install it', () => {
  expect(() => launchCodex(request({}, { env: { PATH: '/nowhere' } }))).toThrow(
    expect.objectContaining({
      code: 'program_not_found',
      message: expect.stringContaining('npm install -g @openai/codex'),
    }),
  )
})
