import { closeSync, readSync } from 'node:fs'
import { splitLines, type SplitOutput } from '../core/split-lines.ts'
import { limits } from '../schema/limits.ts'
import { isNotPlain, openFileInside, openPlainFile } from '../util/plain-file.ts'

/** One buffer for all reads: they are synchronous, and what they give is copied into strings. */
const shared = Buffer.allocUnsafeSlow(limits.lineBytes)

/** How much of a run's output is looked at in one go, bytes. */
const portionBytes = 256 * 1024

/**
 * Reads one output file of a run by offset. The file is local and just written, so its bytes are in
 * memory; a synchronous read takes microseconds, where an asynchronous one waits for a thread.
 */
export class OutputFile {
  readonly #path: string
  readonly #within: readonly string[] | null | undefined
  #descriptor: number | null = null
  /** Bytes that became events. */
  offset: number

  /**
   * `within`: folders that it must be in, by whatever way; null: it may be anywhere. Left out: it is of
   * the run's own folder, and no link.
   */
  constructor(path: string, offset: number, within?: readonly string[] | null) {
    this.#path = path
    this.#within = within
    this.offset = offset
  }

  /** A program put something else in its place: nothing is read of that. */
  isReplaced = false

  /** Whole lines from the offset on, null at the end, or while there is no such file. `mustTake`: no more will come. Does not move the offset. */
  read(mustTake: boolean): SplitOutput | null {
    this.#descriptor ??= this.#open()
    if (this.#descriptor === null) {
      return null
    }
    let filled = 0
    for (let wanted = portionBytes; ; wanted = shared.length) {
      filled += readSync(this.#descriptor, shared, filled, wanted - filled, this.offset + filled)
      const split = splitLines(shared.subarray(0, filled), false)
      if (split.bytes > 0) {
        return split
      }
      if (filled < wanted) {
        return mustTake && filled > 0 ? splitLines(shared.subarray(0, filled), true) : null
      }
      if (wanted === shared.length) {
        return splitLines(shared, true)
      }
    }
  }

  close(): void {
    if (this.#descriptor !== null) {
      closeSync(this.#descriptor)
      this.#descriptor = null
    }
  }

  #open(): number | null {
    try {
      const { descriptor } =
        this.#within === undefined
          ? openPlainFile(this.#path, 'read')
          : openFileInside(this.#path, this.#within)
      this.isReplaced = false
      return descriptor
    } catch (error) {
      this.isReplaced = isNotPlain(error)
      if (!this.isReplaced && (error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw error
      }
      return null
    }
  }
}
