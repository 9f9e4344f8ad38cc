import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { AgentSpec } from '../../../schema/agent.ts'
import type { LaunchRequest } from '../../contract.ts'
import { launchAtTerminal } from './launch.ts'

/** A folder with a program, as an agent with a key has it. */
function request(
  folder: string,
  { options = {}, ...rest }: Partial<LaunchRequest> & { options?: Record<string, unknown> } = {},
): LaunchRequest {
  const program = path.join(folder, 'claude')
  writeFileSync(program, '#!/bin/sh\n')
  chmodSync(program, 0o755)
  return {
    env: { PATH: folder, HOME: folder },
    programPath: null,
    upstreams: { anthropic: { url: 'http://127.0.0.1:1' } },
    signal: new AbortController().signal,
    agent: { id: 'agent_1', name: 'a' },
    spec: AgentSpec.parse({
      provider: 'claude',
      runtime: 'tmux',
      dir: '/home/ada/my.app',
      options,
    }),
    resume: null,
    newSession: 'new-session',
    isFork: false,
    systemPrompt: 'You are terse.',
    stateFolder: path.join(folder, 'state'),
    runFolder: path.join(folder, 'run'),
    ...rest,
  }
}

const fileOf = (launch: ReturnType<typeof launchAtTerminal>, name: string) =>
  JSON.parse(
    launch.files.find(({ path: file }) => path.basename(file) === name)?.content ?? 'null',
  ) as Record<string, unknown> | null

test('it is interactive, with the flags and the prompt that it has headless', () => {
  using folder = temporaryFolder()
  const { argv, env } = launchAtTerminal(
    request(folder.path, { options: { permissionMode: 'plan' } }),
  )
  expect(argv).not.toContain('--print')
  expect(argv.join(' ')).toContain('--session-id new-session --append-system-prompt-file')
  expect(argv.join(' ')).toContain('--permission-mode plan --settings')
  expect(argv.join(' ')).toContain('--system-prompt-snapshot off')
  expect(env).toMatchObject({
    CLAUDE_CONFIG_DIR: path.join(folder.path, 'state', 'claude'),
    CLAUDE_CODE_SANDBOXED: '1',
  })
})

test('nothing it would ask at its first start is left to ask, and what it wrote itself stays', () => {
  using folder = temporaryFolder()
  const own = path.join(folder.path, 'state', 'claude')
  mkdirSync(own, { recursive: true })
  const before = {
    theme: 'light',
    numStartups: 3,
    customApiKeyResponses: { approved: ['x'], rejected: ['drover-no-key'] },
  }
  writeFileSync(path.join(own, '.claude.json'), JSON.stringify(before))
  const keys = { bindings: [{ context: 'Chat', bindings: { 'ctrl+e': 'chat:submit' } }] }
  writeFileSync(path.join(own, 'keybindings.json'), JSON.stringify(keys))
  const launch = launchAtTerminal(request(folder.path))
  expect(fileOf(launch, '.claude.json')).toEqual({
    theme: 'light',
    numStartups: 3,
    hasCompletedOnboarding: true,
    customApiKeyResponses: { approved: ['x', 'drover-no-key'], rejected: [] },
  })
  const bound = fileOf(launch, 'keybindings.json')
  expect(bound?.['bindings']).toEqual([
    ...keys.bindings,
    { context: 'Chat', bindings: { 'ctrl+x ctrl+q': 'chat:queueSubmit' } },
  ])
  writeFileSync(path.join(own, 'keybindings.json'), JSON.stringify(bound))
  expect(fileOf(launchAtTerminal(request(folder.path)), 'keybindings.json')).toEqual(bound)
})

test('its hooks stand beside those of a settings file that the agent names', () => {
  using folder = temporaryFolder()
  const settings = path.join(folder.path, 'settings.json')
  const theirs = { hooks: [{ type: 'command', command: 'true' }] }
  writeFileSync(settings, JSON.stringify({ model: 'opus', hooks: { Stop: [theirs] } }))
  const launch = launchAtTerminal(request(folder.path, { options: { settings } }))
  const told = fileOf(launch, 'terminal-settings.json')
  expect(told).toMatchObject({ model: 'opus', skipDangerousModePermissionPrompt: true })
  const { Stop: stop, PermissionRequest: asked } = (told ?? {})['hooks'] as Record<
    string,
    unknown[]
  >
  expect(stop).toEqual([theirs, expect.anything()])
  expect(JSON.stringify(asked)).toContain(path.join(folder.path, 'run'))
  expect(launch.argv.filter((each) => each === '--settings')).toHaveLength(1)
  expect(launch.argv).not.toContain(settings)
  writeFileSync(settings, 'no JSON')
  expect(() => launchAtTerminal(request(folder.path, { options: { settings } }))).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  )
})

test('the transcript of a session that goes on is read from its end, wherever it is', () => {
  using folder = temporaryFolder()
  const projects = path.join(folder.path, 'state', 'claude', 'projects')
  expect(launchAtTerminal(request(folder.path)).transcript).toEqual({
    file: path.join(projects, '-home-ada-my-app', 'new-session.jsonl'),
    offset: 0,
  })
  const file = path.join(projects, 'another-name', 'old.jsonl')
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, '{}\n')
  const resumed = launchAtTerminal(request(folder.path, { resume: 'old' }))
  expect(resumed.transcript).toEqual({ file, offset: 3 })
  expect(resumed.argv.join(' ')).toContain('--resume old')
})

test('the folder of an account is left as it is, and one that would ask first is refused with what to do', () => {
  using folder = temporaryFolder()
  const withLogin = (): LaunchRequest => request(folder.path, { upstreams: {} })
  expect(() => launchAtTerminal(withLogin())).toThrow(
    expect.objectContaining({ code: 'not_logged_in' }),
  )
  const file = path.join(folder.path, '.claude.json')
  writeFileSync(file, JSON.stringify({ hasCompletedOnboarding: true }))
  const launch = launchAtTerminal(withLogin())
  expect(launch.env['CLAUDE_CONFIG_DIR']).toBeUndefined()
  expect(launch.files.map(({ path: each }) => path.basename(each))).toEqual([
    'terminal-settings.json',
    'append-system-prompt.md',
  ])
  // A key that it was not told of before it would ask about.
  const account = request(folder.path, { options: { configDir: folder.path } })
  expect(() => launchAtTerminal(account)).toThrow(/whether it may use the key/)
  const approved = { customApiKeyResponses: { approved: ['drover-no-key'] } }
  writeFileSync(file, JSON.stringify({ hasCompletedOnboarding: true, ...approved }))
  expect(launchAtTerminal(account).env['CLAUDE_CONFIG_DIR']).toBe(folder.path)
})
