import { open, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { FoundSession, SessionRequest } from '../contract.ts'
import { homeOf, userFolder } from './login.ts'
import { CodexOptions } from './options.ts'

/** Of so many sessions, the newest, is looked which one was used last. */
const mostLookedAt = 2000

/** So much of a session's file is read: what it tells of itself comes first, bytes. */
const headBytes = 8192

/**
 * A session that Codex keeps: `sessions/YEAR/MONTH/DAY/rollout-TIME-ID.jsonl` below its home. One of
 * the person's own home is brought to the agent's: the file is all that a session needs.
 */
export async function findCodexSession({
  spec,
  session,
  ...place
}: SessionRequest): Promise<FoundSession | null> {
  const { configDir } = CodexOptions.parse(spec.options)
  const own = homeOf({ ...place, configDir })
  const home = own.isOwn ? userFolder(place.env) : own.folder
  if (home === null || (session !== null && !isId(session))) {
    return null
  }
  const names = await listSessions(home)
  const name =
    session === null
      ? await latestOf(home, names, spec.dir)
      : (names.find((each) => idOf(each) === session) ?? null)
  if (name === null) {
    return null
  }
  const files = own.isOwn ? [{ from: path.join(home, name), to: path.join(own.folder, name) }] : []
  return { id: idOf(name), files }
}

function isId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}

function idOf(name: string): string {
  return name.slice(-'.jsonl'.length - 36, -'.jsonl'.length)
}

/** Paths below the home, the newest first. */
async function listSessions(home: string): Promise<string[]> {
  let folders = ['sessions']
  for (let depth = 0; depth < 3; depth++) {
    folders = (
      await Promise.all(folders.map(async (folder) => await entriesOf(home, folder)))
    ).flat()
  }
  const files = await Promise.all(folders.map(async (folder) => await entriesOf(home, folder)))
  return files
    .flat()
    .filter((name) => /\/rollout-[^/]*\.jsonl$/.test(name) && isId(idOf(name)))
    .toSorted()
    .toReversed()
}

async function entriesOf(home: string, folder: string): Promise<string[]> {
  const names = await readdir(path.join(home, folder)).catch(() => [])
  return names.map((name) => `${folder}/${name}`)
}

/** The session of a folder that was used last; those of agents that Codex itself started are no conversations. */
async function latestOf(
  home: string,
  names: readonly string[],
  dir: string,
): Promise<string | null> {
  const used = await Promise.all(
    names.slice(0, mostLookedAt).map(async (name) => ({
      name,
      at: await stat(path.join(home, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    })),
  )
  for (const { name } of used.toSorted((one, other) => other.at - one.at)) {
    const head = await readHead(path.join(home, name))
    if (folderIn(head) === dir && !head.includes('"source":{"subagent"')) {
      return name
    }
  }
  return null
}

async function readHead(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return buffer.toString('utf8', 0, bytesRead).split('\n', 1)[0] ?? ''
  } catch {
    return ''
  }
}

/** The folder that a session is of; its line may be cut. */
function folderIn(head: string): string | null {
  const text = /"cwd":("(?:[^"\\]|\\.)*")/.exec(head)?.[1]
  try {
    return text === undefined ? null : (JSON.parse(text) as string)
  } catch {
    return null
  }
}
