import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProviderContext } from '../contract.ts'

/**
 * The program that hooks run: `.ts` in a checkout, `.js` in a package. Elsewhere it is found under the
 * same path; the Node of an image runs that of a checkout from 22.18 on.
 */
export const noteProgram = fileURLToPath(
  new URL(`./note-program${path.extname(import.meta.url)}`, import.meta.url),
)

/** What hooks need to know of the run. */
export function notesEnvironment(runFolder: string): Record<string, string> {
  return { DROVER_RUN_FOLDER: runFolder }
}

/** What runs it: our own Node, or, where that is not, one by its name. */
export function nodeOf({ isElsewhere }: Pick<ProviderContext, 'isElsewhere'>): string {
  return isElsewhere ? 'node' : process.execPath
}

/** A hook as they are made. */
export interface Hook {
  verb: 'note' | 'ask'
  event: string
  /** As `nodeOf` says it. */
  node: string
  /** For programs that do not hand theirs on. */
  environment?: Readonly<Record<string, string>>
}

/**
 * A hook as the shell command that programs want: it notes its input, or asks and waits for the
 * answer.
 */
export function hookCommand({ verb, event, node, environment = {} }: Hook): string {
  const given = Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)}`)
  return [...given, ...[node, noteProgram, verb, event].map(quoted)].join(' ')
}

/** A word of a POSIX shell that means exactly this text. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** What a hook noted. */
export interface Note {
  event: string
  /** Unix ms. */
  at: number
  /** Of one that waits for an answer: the answer's name. */
  id: string | null
  data: Record<string, unknown>
}

/** null for what is no note. */
export function parseNote(line: string): Note | null {
  try {
    const { event, at, id, data } = JSON.parse(line) as Record<string, unknown>
    return typeof event === 'string' && typeof at === 'number'
      ? { event, at, id: typeof id === 'string' ? id : null, data: objectOf(data) }
      : null
  } catch {
    return null
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}
