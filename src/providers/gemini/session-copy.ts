import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { readPlainFile } from '../../util/plain-file.ts'

/** A minute that no session of Gemini CLI began in. */
const ownMinute = '2000-01-01T00-00'

/**
 * A copy of a session under a name that Gemini CLI can't write to by mistake; null where there is
 * nothing to copy.
 *
 * It names a session's file by the minute and the first eight characters of its id. When it loads a
 * session, it first begins a file for it as for a new one, and in the minute in which the session was
 * begun that is the same file: what it is about to read is emptied. A copy whose name has another
 * minute is left alone, and is what it then finds, reads and writes on, at every later load too.
 */
export function copyOfSession(
  geminiFolder: string,
  session: string,
): { path: string; content: string } | null {
  const short = session.slice(0, 8)
  for (const file of listFiles(geminiFolder, short)) {
    const copy = path.join(path.dirname(file), `session-${ownMinute}-${short}.jsonl`)
    const content = file === copy ? null : readSession(file, session)
    if (content !== null) {
      return { path: copy, content }
    }
  }
  return null
}

/** The copy that was made of a session; null: there is none. */
export function findSessionCopy(geminiFolder: string, session: string): string | null {
  const short = session.slice(0, 8)
  const projects = path.join(geminiFolder, 'tmp')
  const copies = namesIn(projects).map((project) =>
    path.join(projects, project, 'chats', `session-${ownMinute}-${short}.jsonl`),
  )
  return copies.find((file) => existsSync(file)) ?? null
}

/** Files of a session; none once there is a copy. */
function listFiles(geminiFolder: string, short: string): string[] {
  const projects = path.join(geminiFolder, 'tmp')
  const files = namesIn(projects).flatMap((project) => {
    const chats = path.join(projects, project, 'chats')
    return namesIn(chats)
      .filter((name) => name.startsWith('session-') && name.endsWith(`-${short}.jsonl`))
      .map((name) => path.join(chats, name))
  })
  return files.some((file) => path.basename(file).startsWith(`session-${ownMinute}-`)) ? [] : files
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}

/** Its text, when it is the session's own. */
function readSession(file: string, session: string): string | null {
  try {
    const content = readPlainFile(file, Infinity)
    const first = JSON.parse(content.slice(0, content.indexOf('\n'))) as { sessionId?: unknown }
    return first.sessionId === session ? content : null
  } catch {
    return null
  }
}
