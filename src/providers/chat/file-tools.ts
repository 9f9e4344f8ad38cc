import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { confineForReading, confineForWriting } from './confine-path.ts'

/** Longest text that one tool call gives back, bytes. */
export const toolOutputBytes = 64 * 1024

/** The text of a file inside the folder, cut at the bound with a note. Throws when it can't be read. */
export function readFileInside(folder: string, name: string): string {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const descriptor = openSync(confineForReading(folder, name), flags)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) {
      throw new Error(`${name} is not a file`)
    }
    const buffer = Buffer.alloc(Math.min(stat.size, toolOutputBytes))
    const text = buffer.toString('utf8', 0, readSync(descriptor, buffer))
    return stat.size > toolOutputBytes ? `${text}\n[cut: the file has ${stat.size} bytes]` : text
  } finally {
    closeSync(descriptor)
  }
}

/** Writes a file inside the folder. Throws when it would lie outside. */
export function writeFileInside(folder: string, name: string, content: string): string {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants
  const descriptor = openSync(
    confineForWriting(folder, name),
    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK,
    0o666,
  )
  try {
    writeFileSync(descriptor, content)
  } finally {
    closeSync(descriptor)
  }
  return `Wrote ${Buffer.byteLength(content)} bytes to ${name}.`
}

/** Names in a folder inside the folder, one a line, cut at the bound with a note. Throws when it can't be read. */
export function listFolderInside(folder: string, name: string): string {
  const entries = readdirSync(confineForReading(folder, name), { withFileTypes: true })
  const lines = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
  const text = lines.toSorted().join('\n')
  return text.length > toolOutputBytes
    ? `${text.slice(0, toolOutputBytes)}\n[cut: there are ${entries.length} entries]`
    : text || '[empty]'
}

/** Largest file that is edited, bytes. */
const editedBytes = 4 * 1024 * 1024

/** Replaces the one place of a piece in a file inside the folder. Throws when it is not there once. */
export function editFileInside(
  folder: string,
  name: string,
  piece: { old: string; new: string },
): string {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const descriptor = openSync(confineForWriting(folder, name), flags)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.size > editedBytes) {
      throw new Error(`${name} is not a file of at most ${editedBytes} bytes`)
    }
    const bytes = readFileSync(descriptor)
    const text = bytes.toString('utf8')
    if (!Buffer.from(text).equals(bytes)) {
      throw new Error(`${name} is not a text file`)
    }
    const found = piece.old === '' ? 0 : text.split(piece.old).length - 1
    if (found !== 1) {
      throw new Error(`"old" is ${found} times in ${name}; it must be there exactly once`)
    }
    const edited = Buffer.from(text.replace(piece.old, () => piece.new))
    for (let done = 0; done < edited.length;) {
      done += writeSync(descriptor, edited, done, edited.length - done, done)
    }
    ftruncateSync(descriptor, edited.length)
  } finally {
    closeSync(descriptor)
  }
  return `Changed ${name}.`
}
