/** What a piece of output holds. */
export interface SplitOutput {
  /** Whole lines without their newline; the last may be a piece, see `isCut`. */
  lines: string[]
  /** The last line is a piece of a longer one. */
  isCut: boolean
  /** Bytes used up; the rest belongs to a line that is still coming. */
  bytes: number
}

const newline = 10

/**
 * Splits output into lines. A line that does not end stays for later, unless `mustTake` says that
 * no more will come or that it is as long as it may be: then it is given as a piece, never cut
 * inside a UTF-8 character.
 */
export function splitLines(chunk: Buffer, mustTake: boolean): SplitOutput {
  const end = chunk.lastIndexOf(newline)
  if (end >= 0) {
    return { lines: chunk.toString('utf8', 0, end).split('\n'), isCut: false, bytes: end + 1 }
  }
  if (!mustTake || chunk.length === 0) {
    return { lines: [], isCut: false, bytes: 0 }
  }
  const bytes = wholeCharacters(chunk)
  return { lines: [chunk.toString('utf8', 0, bytes)], isCut: true, bytes }
}

/** Length without a character that is cut off at the end. Source: RFC 3629, section 3. */
function wholeCharacters(chunk: Buffer): number {
  for (let back = 1; back <= Math.min(3, chunk.length - 1); back++) {
    const byte = chunk[chunk.length - back] ?? 0
    if ((byte & 0b1100_0000) !== 0b1000_0000) {
      const length = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1
      return length > back ? chunk.length - back : chunk.length
    }
  }
  return chunk.length
}
