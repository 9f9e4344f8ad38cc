import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgentSpec } from '../../../schema/agent.ts'
import type { LaunchRequest } from '../../contract.ts'
import { createTerminalDecoder } from './decoder.ts'
import { launchCodexAtTerminal } from './launch.ts'

let folder: string
let dir: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-codex-')))
  dir = path.join(folder, 'a "work" folder')
  mkdirSync(dir)
})
afterEach(() => rmSync(folder, { recursive: true }))

function request(rest: Partial<LaunchRequest> = {}, options: object = {}): LaunchRequest {
  return {
    env: { PATH: '/usr/bin:/bin', HOME: folder },
    programPath: '/bin/sh',
    upstreams: { openai: { url: 'http://127.0.0.1:1', model: 'm' } },
    signal: AbortSignal.timeout(10_000),
    agent: { id: 'agent_1', name: 'a' },
    spec: AgentSpec.parse({ provider: 'codex', runtime: 'tmux', dir, options }),
    resume: null,
    newSession: 'unused',
    isFork: false,
    systemPrompt: null,
    stateFolder: path.join(folder, 'state'),
    runFolder: path.join(folder, 'run'),
    ...rest,
  }
}

test('no dialog of its own is left: the folder is trusted, the hooks are ours, the server is its own', async () => {
  const { argv, env } = await launchCodexAtTerminal(request())
  expect(argv).toContain('--no-daemon')
  expect(argv).toContain('--dangerously-bypass-hook-trust')
  expect(argv).toContain(`projects={${JSON.stringify(dir)}={trust_level="trusted"}}`)
  expect(argv.find((each) => each.startsWith('hooks.PermissionRequest='))).toMatch(
    /^hooks\.PermissionRequest=\[\{hooks=\[\{type="command",command=".*ask.*",timeout=2592000,/,
  )
  expect(env['DROVER_RUN_FOLDER']).toBe(path.join(folder, 'run'))
})

describe('hooks that the folder brings', () => {
  test.for([
    ['.codex/hooks.json', '{}'],
    ['.codex/config.toml', '[[hooks.Stop]]\n'],
    ['.codex/config.toml', 'model = "m"\nhooks = { }\n'],
    ['../.codex/hooks.json', '{}'],
  ] as const)('are refused, for nobody reviews them: %s', async ([name, content]) => {
    const file = path.join(dir, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
    await expect(launchCodexAtTerminal(request())).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(file),
      details: { field: 'dir' },
    })
    await launchCodexAtTerminal(request({}, { projectHooks: true }))
  })

  test('are not what other settings are', async () => {
    mkdirSync(path.join(dir, '.codex'))
    writeFileSync(
      path.join(dir, '.codex', 'config.toml'),
      'model = "hooks"\n# hooks are not used\n',
    )
    await launchCodexAtTerminal(request())
  })
})

describe('a session that it goes on with', () => {
  const session = '01a1fecb-10f1-7e03-89dd-47dfb582f958'

  test('is read from its end on', async () => {
    const day = path.join(folder, 'state', 'codex', 'sessions', '2026', '11', '21')
    mkdirSync(day, { recursive: true })
    const file = path.join(day, `rollout-2026-11-21T16-00-00-${session}.jsonl`)
    writeFileSync(file, 'twelve bytes')
    const { argv } = await launchCodexAtTerminal(request({ resume: session }))
    expect(argv).toContain(JSON.stringify({ session, file, offset: 12 }))
    expect(argv.slice(argv.indexOf('resume'), argv.indexOf('resume') + 2)).toEqual([
      'resume',
      session,
    ])
  })

  test('and is gone is noted, and nothing is started', async () => {
    const wanted = request({ resume: session })
    mkdirSync(wanted.runFolder)
    const { argv, env } = await launchCodexAtTerminal(wanted)
    const ended = spawnSync(argv[0], argv.slice(1), { env: { ...wanted.env, ...env } })
    expect(ended.status).toBe(1)
    const notes = readFileSync(path.join(wanted.runFolder, 'notes'), 'utf8')
      .split('\n')
      .slice(0, -1)
    expect(createTerminalDecoder(null).push('notes', notes, { now: 1, isCut: false })).toEqual([
      { type: 'unusable', class: 'config', message: 'its session is gone' },
    ])
  })
})
