import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { FoundSession, SessionRequest } from '../contract.ts'
import { configFolder, userFolder } from './config-folder.ts'
import { ClaudeOptions } from './options.ts'

/**
 * A session that Claude Code keeps of the agent's folder: `projects/FOLDER/ID.jsonl` below its config
 * folder. It resumes sessions in the folder they are of, and nowhere else. An agent whose config
 * folder is its own gets a copy of one from the user's.
 */
export async function findClaudeSession(request: SessionRequest): Promise<FoundSession | null> {
  const { spec, env, stateFolder, session } = request
  const options = ClaudeOptions.parse(spec.options)
  const project = path.join('projects', folderName(spec.dir))
  const user = userFolder(env)
  const own = configFolder(options, request) ?? user
  const here = await latestOf(path.join(own, project), session)
  if (here !== null || options.configDir !== undefined || own === user) {
    return here === null ? null : { id: here, files: [] }
  }
  const there = await latestOf(path.join(user, project), session)
  if (there === null) {
    return null
  }
  const file = path.join(project, `${there}.jsonl`)
  const copy = { from: path.join(user, file), to: path.join(stateFolder, 'claude', file) }
  return { id: there, files: [copy] }
}

/** How Claude Code names what it keeps of a folder: everything but letters and digits is a dash. */
function folderName(dir: string): string {
  return dir.replaceAll(/[^A-Za-z0-9]/g, '-')
}

/** The session of that id in a folder; without one the latest. */
async function latestOf(folder: string, session: string | null): Promise<string | null> {
  const names = await readdir(folder).catch(() => [])
  const ids = names.filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -6))
  const wanted = ids.filter((id) => session === null || id === session)
  const times = await Promise.all(
    wanted.map(async (id) => ({ id, at: await changedAt(folder, id) })),
  )
  return times.toSorted((one, other) => other.at - one.at)[0]?.id ?? null
}

async function changedAt(folder: string, id: string): Promise<number> {
  return await stat(path.join(folder, `${id}.jsonl`)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
