const newline = 0x0a

/** Nothing wraps while lines are drawn, and no line leaves its pen to the next. */
// eslint-disable-next-line no-control-regex
const beginning = /^(?:\x1b[()][0-9A-Z]|\x1b\[\?7l)*/

/**
 * The same screen without the lines that had scrolled away: what comes before the last rows that a
 * drawing writes, line after line, is where nobody sees it.
 */
export function cutHistory(screen: Uint8Array, rows: number): Uint8Array {
  const ends: number[] = []
  for (let at = screen.indexOf(newline); at !== -1; at = screen.indexOf(newline, at + 1)) {
    ends.push(at)
  }
  const end = ends[ends.length - rows]
  if (end === undefined) {
    return screen
  }
  const head = Buffer.from(screen.subarray(0, 64)).toString('latin1')
  const [begin] = beginning.exec(head) ?? ['']
  return Buffer.concat([Buffer.from(begin), screen.subarray(end + 1)])
}
