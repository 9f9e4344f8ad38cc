import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { AgentSpec } from '../../schema/agent.ts'
import type { FoundSession } from '../contract.ts'
import { findCodexSession } from './find-session.ts'

const dir = '/home/ada/my "project"'
const [one, two, three] = [1, 2, 3].map(
  (digit) => `01a1fe46-2905-7733-a5c7-${String(digit).repeat(12)}`,
) as [string, string, string]

/** Looks in a home of Codex's, or with `HOME` in the person's. */
async function find(
  place: { configDir: string } | { HOME: string },
  session: string | null,
): Promise<FoundSession | null> {
  const { HOME = '/nobody', ...options } = { ...place } as { HOME?: string; configDir?: string }
  return await findCodexSession({
    env: { HOME },
    programPath: null,
    upstreams: {},
    signal: new AbortController().signal,
    spec: AgentSpec.parse({ provider: 'codex', runtime: 'process', dir, options }),
    stateFolder: '/state',
    session,
  })
}

/** A session of a day, as Codex keeps it, that was used last at this time. */
function keep(
  home: string,
  id: string,
  { at, cwd = dir, source = '"cli"' }: { at: number; cwd?: string; source?: string },
): string {
  const name = `sessions/2026/11/21/rollout-2026-11-21T13-00-00-${id}.jsonl`
  const file = path.join(home, name)
  mkdirSync(path.dirname(file), { recursive: true })
  const text = 'x'.repeat(20_000)
  const meta = `{"id":"${id}","cwd":${JSON.stringify(cwd)},"source":${source},"text":"${text}"}`
  writeFileSync(file, `{"type":"session_meta","payload":${meta}}\n`)
  utimesSync(file, at, at)
  return name
}

test('a session is found by its id, and without one the latest of the folder', async () => {
  using folder = temporaryFolder()
  const place = { configDir: folder.path }
  keep(folder.path, one, { at: 300 })
  keep(folder.path, two, { at: 200 })
  keep(folder.path, three, { at: 400, cwd: '/elsewhere' })
  expect(await find(place, null)).toEqual({ id: one, files: [] })
  expect(await find(place, two)).toEqual({ id: two, files: [] })
  expect(await find(place, three)).toEqual({ id: three, files: [] })
})

test('one of the person is brought to where its agent keeps its own', async () => {
  using folder = temporaryFolder()
  const name = keep(path.join(folder.path, '.codex'), one, { at: 100 })
  expect(await find({ HOME: folder.path }, null)).toEqual({
    id: one,
    files: [{ from: path.join(folder.path, '.codex', name), to: path.join('/state/codex', name) }],
  })
})

test('what is no session of the folder is none', async () => {
  using folder = temporaryFolder()
  const place = { configDir: folder.path }
  expect(await find(place, null)).toBeNull()
  keep(folder.path, one, { at: 100, source: '{"subagent":"review"}' })
  writeFileSync(path.join(folder.path, 'sessions', 'notes.jsonl'), '')
  expect(await find(place, null)).toBeNull()
  expect(await find(place, two)).toBeNull()
  expect(await find(place, `../${one}`)).toBeNull()
})
