import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { AgentSpec } from '../../schema/agent.ts'
import type { FoundSession } from '../contract.ts'
import { findCodexSession } from './find-session.ts'

const ids = [1, 2, 3].map((number) => `0000000${number}-0000-7000-8000-000000000000`)
const [first = '', second = '', third = ''] = ids

/** Puts down a rollout as Codex names it. */
function keep(folder: string, at: string, id: string, firstLine: string): string {
  const file = path.join('sessions', '2026', '11', at.slice(8, 10), `rollout-${at}-${id}.jsonl`)
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
  writeFileSync(path.join(folder, file), `${firstLine}\n{"type":"x"}\n`)
  return file
}

const meta = (cwd: string): string => JSON.stringify({ type: 'session_meta', payload: { cwd } })

test('a thread is found by its id, or as the latest of the folder, in the own folder first', async () => {
  using home = temporaryFolder()
  const user = path.join(home.path, '.codex')
  const stateFolder = path.join(home.path, 'state')
  const find = async (
    session: string | null,
    options: Record<string, unknown> = {},
  ): Promise<FoundSession | null> =>
    await findCodexSession({
      env: { HOME: home.path },
      programPath: null,
      upstreams: {},
      signal: new AbortController().signal,
      spec: AgentSpec.parse({ provider: 'codex', runtime: 'process', dir: '/project', options }),
      stateFolder,
      session,
    })
  expect(await find(null)).toBeNull()
  keep(user, '2026-11-20T10-00-00', first, meta('/project'))
  const latest = keep(user, '2026-11-21T10-00-00', second, meta('/project'))
  keep(user, '2026-11-22T10-00-00', third, meta('/elsewhere'))
  keep(user, '2026-11-23T10-00-00', third.replaceAll('3', '4'), 'no json')
  expect(await find(null)).toEqual({
    id: second,
    files: [{ from: path.join(user, latest), to: path.join(stateFolder, 'codex', latest) }],
  })
  expect((await find(third))?.id).toBe(third)
  expect(await find('another')).toBeNull()
  // The folder of an account is used as it is, and no other is looked into.
  expect(await find(second, { configDir: user })).toEqual({ id: second, files: [] })
  expect(await find(second, { configDir: path.join(home.path, 'other') })).toBeNull()
  keep(path.join(stateFolder, 'codex'), '2026-11-21T10-00-00', second, meta('/project'))
  expect(await find(second)).toEqual({ id: second, files: [] })
})
