import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'

/** Makes a folder and those above it, open to its owner only. */
export function createPrivateFolder(folder: string): void {
  try {
    // Most often only the last one is missing, and `recursive` would look at all of them.
    mkdirSync(folder, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(folder).isDirectory()) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    }
  }
}

/** Writes a file that only its owner can read, as `writeWholeFile` does. */
export function writePrivateFile(file: string, content: string): void {
  writeWholeFile(file, content, 0o600)
}

/**
 * Writes a file that is either the old one or the new one, whole, whatever dies in between: written
 * beside it, synced, renamed over it. A draft that a crash left goes with the next write, so a file
 * has one writer at a time. A link that has the name is replaced and never followed. Folders that are
 * missing are made, for its owner only.
 */
export function writeWholeFile(file: string, content: string, mode: number): void {
  createPrivateFolder(path.dirname(file))
  const draft = `${file}.new`
  const descriptor = openDraft(draft, mode)
  try {
    writeSync(descriptor, content)
    fsyncSync(descriptor)
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** Whatever has its name already goes, and is not written to: it may be a link. */
function openDraft(draft: string, mode: number): number {
  try {
    return openSync(draft, 'wx', mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error
    }
    rmSync(draft, { recursive: true, force: true })
    return openSync(draft, 'wx', mode)
  }
}
