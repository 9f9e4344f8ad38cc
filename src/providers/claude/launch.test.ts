import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { AgentSpec } from '../../schema/agent.ts'
import type { LaunchRequest } from '../contract.ts'
import { launchClaude } from './launch.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-claude-'))
const program = path.join(folder, 'claude')
writeFileSync(program, '#!/bin/sh\n')
chmodSync(program, 0o755)
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
  spec: AgentSpec.parse({ provider: 'claude', runtime: 'process', dir: folder, ...spec }),
  resume: null,
  newSession: 'new-session',
  isFork: false,
  systemPrompt: null,
  stateFolder: '/state',
  ...rest,
})

describe('a launch of Claude Code', () => {
  test('speaks stream-json both ways, under the session it was given', () => {
    const { argv, env, files } = launchClaude(request())
    expect(argv[0]).toBe(program)
    expect(argv.join(' ')).toContain('--input-format stream-json --output-format stream-json')
    expect(argv.slice(-2)).toEqual(['--session-id', 'new-session'])
    expect(files).toEqual([])
    expect(env).toMatchObject({ DISABLE_AUTOUPDATER: '1' })
  })

  test('resumes instead of beginning', () => {
    const { argv } = launchClaude(request({}, { resume: 'old-session' }))
    expect(argv).toContain('--resume')
    expect(argv).not.toContain('--session-id')
  })

  test('has each option as its flag', () => {
    const { argv } = launchClaude(
      request({
        model: 'opus',
        options: {
          permissionMode: 'plan',
          maxTurns: 3,
          addDirs: ['/a b', '/c'],
          allowedTools: ['Bash(git:*)'],
        },
      }),
    )
    expect(argv.join('|')).toContain(
      '--model|opus|--permission-mode|plan|--max-turns|3|--add-dir|/a b|/c|--allowed-tools|Bash(git:*)',
    )
  })

  test('has its prompt in a file, never in its arguments', () => {
    const { argv, files } = launchClaude(request({}, { systemPrompt: 'You are secret.' }))
    expect(argv.join(' ')).not.toContain('secret')
    expect(files).toEqual([{ path: '/state/claude-prompt.md', content: 'You are secret.' }])
  })

  test('has what several providers can as its own flags, and arguments of the agent last', () => {
    const { argv } = launchClaude(
      request(
        {
          effort: 'high',
          profile: 'reviewer',
          addDirs: ['/a', '/c'],
          args: ['--debug', 'api'],
          options: { addDirs: ['/c'] },
        },
        { systemPrompt: 'x' },
      ),
    )
    const line = argv.join('|')
    expect(line).toContain('--effort|high|--agent|reviewer|')
    expect(line).toContain('--add-dir|/a|/c|')
    expect(argv.slice(-2)).toEqual(['--debug', 'api'])
  })

  test('is told of the endpoint in config, with the key in its file', () => {
    const keyFile = path.join(folder, 'key')
    writeFileSync(keyFile, 'the-key\n')
    const { env, argv } = launchClaude(
      request({}, { upstreams: { anthropic: { url: 'http://127.0.0.1:1', keyFile } } }),
    )
    expect(env).toMatchObject({
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
      ANTHROPIC_API_KEY: 'the-key',
    })
    expect(argv.join(' ')).not.toContain('the-key')
    const missing = { anthropic: { url: 'http://127.0.0.1:1', keyFile: '/no/such/key' } }
    expect(() => launchClaude(request({}, { upstreams: missing }))).toThrow(
      expect.objectContaining({ code: 'invalid_config' }),
    )
  })

  test('is an error that says how to install it where it is not there', () => {
    expect(() => launchClaude(request({}, { env: { PATH: '/nowhere' } }))).toThrow(
      expect.objectContaining({
        code: 'program_not_found',
        message: expect.stringContaining('npm install'),
      }),
    )
  })
})
