import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { AgentSpec } from '../../schema/agent.ts'
import type { LaunchRequest } from '../contract.ts'
import { geminiProvider } from './index.ts'
import { launchGemini } from './launch.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-gemini-'))
const program = path.join(folder, 'gemini')
const keyFile = path.join(folder, 'key')
writeFileSync(program, '#!/bin/sh\n')
chmodSync(program, 0o755)
writeFileSync(keyFile, 'the-key\n')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const request = (
  spec: Partial<AgentSpec> = {},
  rest: Partial<LaunchRequest> = {},
): LaunchRequest => ({
  env: { PATH: folder },
  programPath: null,
  upstreams: {},
  signal: new AbortController().signal,
  agent: { id: 'agent_1', name: 'a' },
  spec: AgentSpec.parse({ provider: 'gemini', runtime: 'process', dir: folder, ...spec }),
  resume: null,
  newSession: 'new',
  isFork: false,
  systemPrompt: null,
  stateFolder: folder,
  runFolder: `${folder}/run`,
  ...rest,
})

const own = path.join(folder, 'gemini-home')

describe('a launch of Gemini CLI', () => {
  test('has settings of its own in the agent’s folder, which keep its sessions', () => {
    const { argv, env, files } = launchGemini(request())
    expect(argv).toEqual([program, '--acp', '--skip-trust'])
    expect(env).toMatchObject({ GEMINI_CLI_HOME: own })
    expect(env).not.toHaveProperty('GEMINI_API_KEY')
    expect(files.map(({ path: file }) => file)).toEqual([
      path.join(own, '.gemini', 'settings.json'),
    ])
    expect(JSON.parse(files[0]?.content ?? '')).toMatchObject({
      general: { sessionRetention: { enabled: false } },
    })
  })

  test('writes nothing into the folder of an account', () => {
    const spec = { options: { configDir: '/account' } }
    const { env, files, input } = launchGemini(request(spec, { systemPrompt: 'You are Iris.' }))
    expect(env).toMatchObject({
      GEMINI_CLI_HOME: '/account',
      GEMINI_CLI_SYSTEM_SETTINGS_PATH: path.join(folder, 'gemini-settings.json'),
    })
    expect(files.map(({ path: file }) => path.dirname(file))).toEqual([folder])
    expect(input).toContain('You are Iris.')
  })

  test('has the endpoint of config with its key, never in its arguments', () => {
    const upstreams = { gemini: { url: 'http://127.0.0.1:1', keyFile, model: 'm' } }
    const { argv, env, files } = launchGemini(request({}, { upstreams }))
    expect(env).toMatchObject({
      GEMINI_API_KEY: 'the-key',
      GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:1',
    })
    expect(argv.slice(-2)).toEqual(['--model', 'm'])
    expect(argv.join(' ')).not.toContain('the-key')
    expect(files[0]?.content).toContain('gemini-api-key')
  })

  test('has each option as its flag, and refuses those that are its own', () => {
    const flags = { model: 'x', addDirs: ['/a b'], options: { approvalMode: 'plan' } }
    const { argv } = launchGemini(request({ ...flags, args: ['--debug'] }))
    expect(argv.slice(3).join('|')).toBe(
      '--model|x|--approval-mode|plan|--include-directories|/a b|--debug',
    )
    expect(() => launchGemini(request({ args: ['--yolo'] }))).toThrow('args: --yolo is set by')
  })

  test('resumes from a copy of the session that no load can empty, made once', () => {
    const session = 'abcdef12-0000-4000-8000-000000000000'
    const chats = path.join(own, '.gemini', 'tmp', 'work', 'chats')
    mkdirSync(chats, { recursive: true })
    const write = (name: string, id: string, text: string) =>
      writeFileSync(path.join(chats, name), `${JSON.stringify({ sessionId: id })}\n${text}\n`)
    write('session-2026-11-21T12-29-abcdef12.jsonl', session, '{"said":1}')
    write('session-2026-11-21T12-30-abcdef12.jsonl', 'abcdef12-another', '{"said":2}')
    const copies = () =>
      launchGemini(request({}, { resume: session })).files.filter(({ path: file }) =>
        file.startsWith(chats),
      )
    const [copy] = copies()
    expect(copy?.path).toBe(path.join(chats, 'session-2000-01-01T00-00-abcdef12.jsonl'))
    expect(copy?.content).toContain('{"said":1}')
    writeFileSync(copy?.path ?? '', copy?.content ?? '')
    expect(copies()).toEqual([])
    const missing = launchGemini(request({}, { resume: 'ffffffff-0000' }))
    expect(missing.files).toHaveLength(1)
  })
})

test('a login is an endpoint of config, or what is in the folder of an account', () => {
  const login = (rest: object) =>
    geminiProvider.login?.({ ...request(), options: {}, stateFolder: null, ...rest })
  const account = path.join(folder, 'account')
  const options = { configDir: account }
  expect(login({})).toBe('no')
  expect(login({ upstreams: { gemini: { url: 'http://127.0.0.1:1' } } })).toBe('yes')
  expect(login({ options })).toBe('no')
  mkdirSync(path.join(account, '.gemini'), { recursive: true })
  writeFileSync(path.join(account, '.gemini', 'settings.json'), '{}')
  expect(login({ options })).toBe('unknown')
  writeFileSync(path.join(account, '.gemini', 'oauth_creds.json'), '{}')
  expect(login({ options })).toBe('yes')
})
