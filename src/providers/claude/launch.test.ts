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
  runFolder: '/run',
  ...rest,
})

describe('a launch of Claude Code', () => {
  test('speaks stream-json both ways, under the session it was given', () => {
    const { argv, env, files } = launchClaude(request())
    expect(argv[0]).toBe(program)
    expect(argv.join(' ')).toContain('--input-format stream-json --output-format stream-json')
    expect(argv.slice(-2)).toEqual(['--session-id', 'new-session'])
    expect(argv.join(' ')).toContain('--permission-prompt-tool stdio')
    expect(files).toEqual([])
    expect(env).toMatchObject({ DISABLE_AUTOUPDATER: '1' })
  })

  test('resumes instead of beginning', () => {
    const { argv } = launchClaude(request({}, { resume: 'old-session' }))
    expect(argv).toContain('--resume')
    expect(argv).not.toContain('--session-id')
  })

  test('forks under an id of its own', () => {
    const { argv } = launchClaude(request({}, { resume: 'old-session', isFork: true }))
    expect(argv.join(' ')).toContain('--resume old-session --fork-session --session-id new-session')
  })

  test('has each option as its flag', () => {
    const { argv } = launchClaude(
      request({
        model: 'opus',
        effort: 'high',
        profile: 'reviewer',
        addDirs: ['/a b', '/c'],
        args: ['--bare', '--betas', 'x'],
        options: {
          permissionMode: 'plan',
          maxTurns: 3,
          fallbackModel: ['sonnet', 'haiku'],
          settings: '/s.json',
          addDirs: ['/c', '/d'],
          allowedTools: ['Bash(git:*)'],
          disallowedTools: ['WebFetch', 'Edit'],
          mcpConfig: ['/mcp.json'],
        },
      }),
    )
    expect(argv.join('|')).toContain(
      '--model|opus|--effort|high|--agent|reviewer|--permission-mode|plan|--max-turns|3' +
        '|--fallback-model|sonnet,haiku|--settings|/s.json|--add-dir|/a b|/c|/d' +
        '|--allowed-tools|Bash(git:*)|--disallowed-tools|WebFetch|Edit|--mcp-config|/mcp.json' +
        '|--bare|--betas|x',
    )
  })

  test('has what it is told of itself in files, never in its arguments', () => {
    const options = { systemPrompt: 'You are secret.' }
    const { argv, files } = launchClaude(request({ options }, { systemPrompt: 'secret layers' }))
    expect(argv.join(' ')).not.toContain('secret')
    expect(argv.join(' ')).toContain(
      '--system-prompt-file /state/system-prompt.md --append-system-prompt-file /state/append-system-prompt.md',
    )
    expect(files).toEqual([
      { path: '/state/system-prompt.md', content: 'You are secret.' },
      { path: '/state/append-system-prompt.md', content: 'secret layers' },
    ])
  })

  test('has a folder of its own where it has a key, its account where one is named, else the user’s', () => {
    const folderOf = (...given: Parameters<typeof request>) =>
      launchClaude(request(...given)).env['CLAUDE_CONFIG_DIR']
    const anthropic = { url: 'http://127.0.0.1:1' }
    expect(folderOf()).toBeUndefined()
    expect(folderOf({}, { upstreams: { anthropic } })).toBe('/state/claude')
    expect(folderOf({}, { env: { PATH: folder, ANTHROPIC_API_KEY: 'k' } })).toBe('/state/claude')
    const options = { configDir: '/accounts/work' }
    expect(folderOf({ options }, { upstreams: { anthropic } })).toBe('/accounts/work')
  })

  test('says that it is in a sandbox only where it would refuse its mode otherwise', () => {
    const sandbox = (permissionMode: string) =>
      launchClaude(request({ options: { permissionMode } })).env['IS_SANDBOX']
    expect(sandbox('plan')).toBeUndefined()
    expect(sandbox('bypassPermissions')).toBe(process.getuid?.() === 0 ? '1' : undefined)
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
