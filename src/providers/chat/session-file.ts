import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { createPrivateFolder } from '../../util/private-file.ts'
import path from 'node:path'
import { applyEntry, readTurns, type Entry, type Turn } from './conversation.ts'

/** A conversation on disk: append-only JSON lines, one process at a time. */
export interface Session {
  readonly turns: readonly Turn[]
  append(entry: Entry): void
  /** What was appended survives power loss after this. */
  sync(): void
  close(): void
}

/**
 * Opens a conversation, or begins one. A half-written last line, left by a crash, is cut off.
 * Throws when a conversation to resume is not there, or a line before the last can't be read: a
 * damaged conversation is never taken for an empty one.
 */
export function openSession({
  id,
  file,
  isResumed,
}: {
  id: string
  file: string
  isResumed: boolean
}): Session {
  createPrivateFolder(path.dirname(file))
  const descriptor = openSync(file, isResumed ? 'r+' : 'a+', 0o600)
  const { entries, wholeBytes } = readEntries(readFileSync(descriptor, 'utf8'), file)
  if (wholeBytes < fstatSync(descriptor).size) {
    ftruncateSync(descriptor, wholeBytes)
  }
  const turns = readTurns(entries)
  let end = wholeBytes
  const session: Session = {
    turns,
    append(entry) {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`)
      for (let done = 0; done < line.length;) {
        done += writeSync(descriptor, line, done, line.length - done, end + done)
      }
      end += line.length
      applyEntry(turns, entry)
    },
    sync: () => fsyncSync(descriptor),
    close: () => closeSync(descriptor),
  }
  if (entries.length === 0) {
    session.append({ type: 'session', v: 1, id })
    session.sync()
  }
  return session
}

/** The whole lines of a session file, and how many bytes they take. */
export function readEntries(text: string, file: string): { entries: Entry[]; wholeBytes: number } {
  const end = text.lastIndexOf('\n') + 1
  const lines = text.slice(0, end).split('\n').slice(0, -1)
  const entries = lines.map((line, index) => {
    try {
      return JSON.parse(line) as Entry
    } catch (cause) {
      throw new Error(`${file}: line ${index + 1} is damaged`, { cause })
    }
  })
  return { entries, wholeBytes: Buffer.byteLength(text.slice(0, end)) }
}
