import { closeSync, openSync, readSync } from 'node:fs'
import { splitLines, type SplitOutput } from '../core/split-lines.ts'
import { limits } from '../schema/limits.ts'

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
  #descriptor: number | null = null
  /** Bytes that became events. */
  offset: number

  constructor(path: string, offset: number) {
    this.#path = path
    this.offset = offset
  }

  /** Whole lines from the offset on, null at the end, or while there is no such file. `mustTake`: no more will come. Does not move the offset. */
  read(mustTake: boolean): SplitOutput | null {
    this.#descriptor ??= openFile(this.#path)
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
}

function openFile(file: string): number | null {
  try {
    return openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error
    }
    return null
  }
}
