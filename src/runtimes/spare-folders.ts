import { execFile } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { createRunFolder, runFiles } from './run-folder.ts'

/** Folders made together: one `mkfifo` makes all their bells. */
const together = 32

/** After a start more are made when this much time has passed, ms; a burst of starts goes first. */
const refillMs = 20

/**
 * Run folders made ahead, with their empty files and their bell. To make one takes a fifth of the
 * way from a message to the program that it wakes; to give one its name takes nearly nothing.
 */
export class SpareFolders {
  readonly #place: string
  #spares: string[] = []
  #timer: NodeJS.Timeout | null = null
  #filling: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #count = 0

  /** `place` is theirs alone, on the file system of the runs. */
  constructor(place: string) {
    this.#place = place
  }

  /** How many wait now. */
  get size(): number {
    return this.#spares.length
  }

  /** Makes a run's folder, out of a spare one if there is one; what exists stays as it is. */
  create(folder: string): void {
    if (existsSync(folder)) {
      return createRunFolder(folder)
    }
    const spare = this.#spares.shift()
    if (!spare || !takesName(spare, folder)) {
      createRunFolder(folder)
    }
    if (this.#spares.length <= together / 2 && !this.#isClosed) {
      this.#refillSoon()
    }
  }

  /** Removes those that wait, once none is being made. What can't be removed goes when the next are made. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer ?? undefined)
    this.#spares = []
    await this.#filling
    await rm(this.#place, { recursive: true, force: true }).catch(() => undefined)
  }

  /** Without spares the next start is only slower, so a failure here is none. */
  #refillSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#filling = this.#fill()
        .catch(() => undefined)
        .finally(() => (this.#timer = null))
    }, refillMs).unref()
  }

  async #fill(): Promise<void> {
    if (this.#count === 0) {
      // Left over from a process that died.
      await rm(this.#place, { recursive: true, force: true })
    }
    await mkdir(this.#place, { recursive: true, mode: 0o700 })
    const made: string[] = []
    while (this.#spares.length + made.length < together) {
      const folder = path.join(this.#place, String(++this.#count))
      await mkdir(folder, { mode: 0o700 })
      const files = runFiles(folder)
      for (const file of [files.in, files.out, files.err]) {
        await writeFile(file, '', { flag: 'wx', mode: 0o600 })
      }
      made.push(folder)
    }
    const bells = made.map((folder) => runFiles(folder).bell)
    // Where it can't be had, the holder makes its bell itself.
    await promisify(execFile)('mkfifo', ['-m', '600', ...bells]).catch(() => undefined)
    if (!this.#isClosed) {
      this.#spares.push(...made)
    }
  }
}

/** Renames a spare; false where that can't be, as over to another file system. */
function takesName(spare: string, folder: string): boolean {
  try {
    renameSync(spare, folder)
    return true
  } catch {
    return false
  }
}
