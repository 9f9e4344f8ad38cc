import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { FoundSession, SessionRequest } from '../contract.ts'
import { ClaudeOptions } from './options.ts'
import { ownFolder } from './own-folder.ts'

/**
 * A session that Claude Code keeps of the agent's folder: `projects/FOLDER/ID.jsonl` below its config
 * folder. It resumes sessions in the folder they are of, and nowhere else.
 */
export async function findClaudeSession(request: SessionRequest): Promise<FoundSession | null> {
  const { spec, env, session } = request
  const { configDir } = ClaudeOptions.parse(spec.options)
  const home = configDir ?? path.join(env['HOME'] ?? '/', '.claude')
  const folder = path.join(home, 'projects', folderName(spec.dir))
  const ids = (await listSessions(folder)).filter((id) => session === null || id === session)
  const times = await Promise.all(ids.map(async (id) => ({ id, at: await changedAt(folder, id) })))
  const [latest] = times.toSorted((one, other) => other.at - one.at)
  if (!latest) {
    return null
  }
  const own = configDir === undefined ? ownFolder(request) : null
  const place = path.join('projects', folderName(spec.dir), `${latest.id}.jsonl`)
  const copy = own === null ? [] : [{ from: path.join(home, place), to: path.join(own, place) }]
  return { id: latest.id, files: copy }
}

/** How Claude Code names what it keeps of a folder: everything but letters and digits is a dash. */
export function folderName(dir: string): string {
  return dir.replaceAll(/[^A-Za-z0-9]/g, '-')
}

async function listSessions(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -6))
}

async function changedAt(folder: string, id: string): Promise<number> {
  return await stat(path.join(folder, `${id}.jsonl`)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
