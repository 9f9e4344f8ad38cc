import { open, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { FoundSession, SessionRequest } from '../contract.ts'
import { ownFolder, userFolder } from './login.ts'
import { CodexOptions } from './options.ts'

/** What says where a session is of stands at its beginning, bytes. */
const beginningBytes = 256 * 1024
/** So many of the latest are looked at for one of the folder. */
const mostLooked = 200

/**
 * A thread that Codex keeps: `sessions/YYYY/MM/DD/rollout-TIME-ID.jsonl` below its folder. An agent
 * whose folder is its own gets a copy of one from the user's.
 */
export async function findCodexSession({
  spec,
  env,
  stateFolder,
  session,
}: SessionRequest): Promise<FoundSession | null> {
  const { configDir } = CodexOptions.parse(spec.options)
  const own = configDir ?? ownFolder(stateFolder)
  const here = await findIn(own, spec.dir, session)
  if (here) {
    return { id: here.id, files: [] }
  }
  const user = configDir === undefined ? userFolder(env) : null
  const there = user === null ? null : await findIn(user, spec.dir, session)
  return user === null || there === null
    ? null
    : {
        id: there.id,
        files: [{ from: path.join(user, there.file), to: path.join(own, there.file) }],
      }
}

interface Rollout {
  id: string
  /** Relative to Codex's folder. */
  file: string
}

async function findIn(
  folder: string,
  dir: string,
  session: string | null,
): Promise<Rollout | null> {
  const names = await readdir(path.join(folder, 'sessions'), { recursive: true }).catch(() => [])
  const rollouts = names
    .map((name) => ({ id: idOf(name), file: path.join('sessions', name) }))
    .filter((each): each is Rollout => each.id !== null)
    // Their names begin with their times.
    .toSorted((one, other) => (path.basename(one.file) < path.basename(other.file) ? 1 : -1))
  if (session !== null) {
    return rollouts.find(({ id }) => id === session) ?? null
  }
  for (const rollout of rollouts.slice(0, mostLooked)) {
    if ((await folderOf(path.join(folder, rollout.file))) === dir) {
      return rollout
    }
  }
  return null
}

function idOf(name: string): string | null {
  const [, id = null] =
    /^rollout-.*-([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.jsonl$/.exec(path.basename(name)) ?? []
  return id
}

/** The folder that a session is of; null where its first line does not say. */
async function folderOf(file: string): Promise<string | null> {
  const handle = await open(file).catch(() => null)
  if (!handle) {
    return null
  }
  try {
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(beginningBytes),
      0,
      beginningBytes,
      0,
    )
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n', 1)
    const { payload } = JSON.parse(line) as { payload?: { cwd?: unknown } }
    return typeof payload?.cwd === 'string' ? payload.cwd : null
  } catch {
    return null
  } finally {
    await handle.close()
  }
}
