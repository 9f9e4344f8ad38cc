import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { AgentSpec } from '../../schema/agent.ts'
import type { LaunchRequest, ProviderLaunch } from '../contract.ts'
import { opencodeDialect } from './dialect.ts'
import { opencodeProvider } from './index.ts'
import { launchOpencode } from './launch.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-opencode-'))
const program = path.join(folder, 'bin', 'opencode')
const keyFile = path.join(folder, 'key')
mkdirSync(path.dirname(program))
writeFileSync(program, '#!/bin/sh\n')
chmodSync(program, 0o755)
writeFileSync(keyFile, 'the-key\n')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const request = (
  spec: Partial<AgentSpec> = {},
  rest: Partial<LaunchRequest> = {},
): LaunchRequest => ({
  env: { PATH: path.dirname(program) },
  programPath: null,
  upstreams: {},
  signal: new AbortController().signal,
  agent: { id: 'agent_1', name: 'a' },
  spec: AgentSpec.parse({ provider: 'opencode', runtime: 'process', dir: folder, ...spec }),
  resume: null,
  newSession: 'new',
  isFork: false,
  systemPrompt: null,
  stateFolder: '/state',
  runFolder: '/run',
  ...rest,
})

const configOf = ({ files }: ProviderLaunch): Record<string, unknown> =>
  JSON.parse(files[0]?.content ?? '{}') as Record<string, unknown>
const greetingOf = ({ input = '' }: ProviderLaunch): string =>
  (JSON.parse(input) as { id: string }).id

describe('a launch of OpenCode', () => {
  test('keeps config, data and state in the agent’s own folder, and asks before it acts', () => {
    const launch = launchOpencode(request())
    expect(launch.argv.slice(0, 2)).toEqual([program, 'acp'])
    expect(launch.env).toMatchObject({
      OPENCODE_CONFIG: '/state/opencode.json',
      XDG_CONFIG_HOME: '/state/opencode/config',
      XDG_DATA_HOME: '/state/opencode/data',
      XDG_STATE_HOME: '/state/opencode/state',
    })
    expect(JSON.parse(launch.env['OPENCODE_PERMISSION'] ?? '')).toEqual({
      bash: 'ask',
      edit: 'ask',
      webfetch: 'ask',
      external_directory: 'ask',
    })
    expect(greetingOf(launch)).toContain('"resume":null')
  })

  test('has the endpoint of config with its key in a file, never in arguments or environment', () => {
    const upstreams = { openai: { url: 'http://127.0.0.1:1/', keyFile, model: 'm' } }
    const launch = launchOpencode(request({}, { upstreams }))
    expect(configOf(launch)).toMatchObject({
      model: 'drover/m',
      provider: { drover: { options: { baseURL: 'http://127.0.0.1:1/v1', apiKey: 'the-key' } } },
    })
    expect(JSON.stringify([launch.argv, launch.env])).not.toContain('the-key')
    const own = launchOpencode(request({ model: 'a/b' }, { upstreams }))
    expect(configOf(own)['model']).toBe('drover/a/b')
    expect(configOf(launchOpencode(request({ model: 'a/b' })))['model']).toBe('a/b')
    expect(() =>
      launchOpencode(request({}, { upstreams: { openai: { url: 'http://127.0.0.1:1' } } })),
    ).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })

  test('has its system prompt in a file that its config names', () => {
    const launch = launchOpencode(request({}, { systemPrompt: 'You are secret.', resume: 'ses_1' }))
    expect(launch.files[1]).toEqual({
      path: '/state/opencode-instructions.md',
      content: 'You are secret.',
    })
    expect(configOf(launch)['instructions']).toEqual(['/state/opencode-instructions.md'])
    expect(launch.input).not.toContain('secret')
    expect(greetingOf(launch)).toContain('"resume":"ses_1"')
  })

  test('has each option in its place', () => {
    const options = {
      permissions: { bash: { 'git *': 'allow', '*': 'ask' } },
      configDir: '/account',
    }
    const launch = launchOpencode(request({ options, profile: 'plan', args: ['--pure'] }))
    expect(configOf(launch)['default_agent']).toBe('plan')
    expect(launch.env['XDG_DATA_HOME']).toBe('/account/data')
    expect(JSON.parse(launch.env['OPENCODE_PERMISSION'] ?? '')).toMatchObject({
      bash: { 'git *': 'allow' },
      edit: 'ask',
    })
    expect(launch.argv.at(-1)).toBe('--pure')
  })

  test.for([['--port=1'], ['--pure', '--cwd', '/'], ['serve']])(
    'refuses arguments that are its own, or no options: %s',
    (args) => {
      expect(() => launchOpencode(request({ args }))).toThrow(
        expect.objectContaining({ code: 'invalid_request', details: { field: 'args' } }),
      )
    },
  )

  test('is an error that says how to install it where it is not there', () => {
    expect(() => launchOpencode(request({}, { env: { PATH: '/nowhere' } }))).toThrow(
      expect.objectContaining({
        code: 'program_not_found',
        message: expect.stringContaining('npm install'),
      }),
    )
  })
})

test('a login is an endpoint of config or an account in the folder; nobody can say that there is none', () => {
  const login = (rest: object) =>
    opencodeProvider.login?.({ ...request(), options: {}, stateFolder: folder, ...rest })
  expect(login({})).toBe('unknown')
  expect(login({ upstreams: { openai: { url: 'http://127.0.0.1:1' } } })).toBe('yes')
  const accounts = path.join(folder, 'opencode', 'data', 'opencode')
  mkdirSync(accounts, { recursive: true })
  writeFileSync(path.join(accounts, 'auth.json'), '{"anthropic":{"type":"api"}}')
  expect(login({})).toBe('yes')
})

test('what it says on stderr of its tries is read, but not of the title it makes on the side', () => {
  const dialect = opencodeDialect(request().spec)
  const line = (small: boolean) =>
    `timestamp=x level=ERROR run=1 message="stream error" small=${small} agent=build error.error="AI_APICallError: \\"Over\\" loaded"`
  expect(dialect.readTrouble(line(false))).toBe('AI_APICallError: "Over" loaded')
  expect(dialect.readTrouble(line(true))).toBeNull()
  expect(dialect.readTrouble('level=ERROR message=process')).toBeNull()
})
