import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { AgentSpec } from '../../schema/agent.ts'
import type { FoundSession } from '../contract.ts'
import { findClaudeSession } from './find-session.ts'

const dir = '/home/ada/my.project'

/** Looks in a config folder that keeps these sessions of that project, the oldest first. */
async function find(
  config: string,
  session: string | null,
  options: Record<string, unknown> = {},
): Promise<FoundSession | null> {
  return await findClaudeSession({
    env: { HOME: path.join(config, 'nobody') },
    programPath: null,
    upstreams: {},
    signal: new AbortController().signal,
    spec: AgentSpec.parse({
      provider: 'claude',
      runtime: 'process',
      dir,
      options: { configDir: config, ...options },
    }),
    stateFolder: '/state',
    session,
  })
}

test('a session is found by its id, and without one the latest of the folder', async () => {
  using config = temporaryFolder()
  const folder = path.join(config.path, 'projects', '-home-ada-my-project')
  mkdirSync(folder, { recursive: true })
  for (const [index, id] of ['old', 'latest', 'older'].entries()) {
    writeFileSync(path.join(folder, `${id}.jsonl`), '{}\n')
    const at = [100, 300, 200][index] ?? 0
    utimesSync(path.join(folder, `${id}.jsonl`), at, at)
  }
  writeFileSync(path.join(folder, 'notes.txt'), '')
  expect(await find(config.path, 'old')).toEqual({ id: 'old', files: [] })
  expect(await find(config.path, null)).toEqual({ id: 'latest', files: [] })
  expect(await find(config.path, 'notes')).toBeNull()
  expect(await find(config.path, '../old')).toBeNull()
})

test('where it keeps nothing of the folder there is none', async () => {
  using config = temporaryFolder()
  expect(await find(config.path, null)).toBeNull()
  expect(await find(config.path, 'old')).toBeNull()
})

test('an agent with a key of its own gets a copy of it into its own folder', async () => {
  using home = temporaryFolder()
  const folder = path.join(home.path, '.claude', 'projects', '-home-ada-my-project')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'one.jsonl'), '{}\n')
  const request = {
    env: { HOME: home.path },
    programPath: null,
    signal: new AbortController().signal,
    spec: AgentSpec.parse({ provider: 'claude', runtime: 'process', dir }),
    stateFolder: '/state',
    session: 'one',
  }
  const upstreams = { anthropic: { url: 'http://127.0.0.1:1' } }
  expect(await findClaudeSession({ ...request, upstreams: {} })).toEqual({ id: 'one', files: [] })
  expect(await findClaudeSession({ ...request, upstreams })).toEqual({
    id: 'one',
    files: [
      {
        from: path.join(folder, 'one.jsonl'),
        to: '/state/claude/projects/-home-ada-my-project/one.jsonl',
      },
    ],
  })
})
