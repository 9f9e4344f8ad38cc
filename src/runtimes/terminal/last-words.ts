import { openPlainHandle } from '../../util/plain-file.ts'
import { waitUntil } from '../../util/wait.ts'
import { readExit, runFiles } from '../run-folder.ts'

/** How long the record of a program that is gone may take to be whole, ms. */
const recordMs = 1000

/** Bytes before and behind the place where an onlooker should be that are searched for it. */
const searchBytes = 256 * 1024

/** More than this nobody reads after the end, bytes. */
const longestWords = 1024 * 1024

/** Enough to know a place again, bytes. */
const knownBytes = 512

/** Remembers how far in a run's output an onlooker is. */
export class Hearing {
  #place = 0
  #last: Buffer = Buffer.alloc(0)

  /** They see a screen, of when the output had so many bytes. */
  begin(outBytes: number): void {
    this.#place = outBytes
    this.#last = Buffer.alloc(0)
  }

  add(bytes: Buffer): void {
    this.#place += bytes.length
    this.#last =
      bytes.length >= knownBytes
        ? bytes.subarray(-knownBytes)
        : Buffer.concat([this.#last, bytes]).subarray(-knownBytes)
  }

  /**
   * What a program that is gone said after that: tmux keeps nobody waiting for it. The place is known
   * by its number, and where output was on its way when the screen was drawn, by what was heard last.
   */
  async findRest(folder: string): Promise<Buffer> {
    await waitUntil(() => readExit(folder) !== null, { deadlineMs: recordMs })
    const file = await openPlainHandle(runFiles(folder).out).catch(() => null)
    if (!file) {
      return Buffer.alloc(0)
    }
    try {
      const begin = Math.max(0, this.#place - searchBytes)
      const bytes = Buffer.alloc(searchBytes + longestWords)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, begin)
      const text = bytes.subarray(0, bytesRead)
      return text.subarray(findEnd(text, this.#last, this.#place - begin))
    } finally {
      await file.close()
    }
  }
}

/** Where the words end that stand nearest to their place; the place itself where they are nowhere. */
function findEnd(text: Buffer, words: Buffer, place: number): number {
  const expected = place - words.length
  const before = text.lastIndexOf(words, Math.max(0, expected))
  const behind = text.indexOf(words, Math.max(0, expected))
  const found = [before, behind].filter((at) => at >= 0)
  if (words.length === 0 || found.length === 0) {
    return place
  }
  const nearest = found.toSorted((a, b) => Math.abs(a - expected) - Math.abs(b - expected))[0]
  return (nearest ?? 0) + words.length
}
