export interface ControlLinesOptions {
  onNotice: (line: Buffer) => void
  /** What a command of this client came to. */
  onReply: (lines: readonly Buffer[], isError: boolean) => void
}

const newline = 0x0a
const percent = 0x25

/**
 * Takes what a tmux in control mode says apart: replies between `%begin` and `%end` or `%error`, and
 * notifications, which never come inside a reply. Source: tmux(1), "Control mode".
 */
export class ControlLines {
  readonly #options: ControlLinesOptions
  /** The beginning of a line that is not whole yet. */
  #rest: Buffer[] = []
  /** The reply that is being read; `mark` is what its `%end` says, too. */
  #open: { mark: string; lines: Buffer[] } | null = null

  constructor(options: ControlLinesOptions) {
    this.#options = options
  }

  take(chunk: Buffer): void {
    let begin = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, begin)) {
      const piece = chunk.subarray(begin, end)
      const line = this.#rest.length > 0 ? Buffer.concat([...this.#rest, piece]) : piece
      this.#rest = []
      begin = end + 1
      this.#takeLine(line)
    }
    if (begin < chunk.length) {
      this.#rest.push(chunk.subarray(begin))
    }
  }

  #takeLine(line: Buffer): void {
    const words = line[0] === percent && line.length < 100 ? line.toString('latin1') : ''
    if (this.#open) {
      return this.#takeReply(this.#open, line, words)
    }
    if (words.startsWith('%begin ')) {
      this.#open = { mark: words.slice('%begin '.length), lines: [] }
    } else if (line[0] === percent) {
      this.#options.onNotice(line)
    }
  }

  #takeReply(open: { mark: string; lines: Buffer[] }, line: Buffer, words: string): void {
    const isError = words === `%error ${open.mark}`
    if (!isError && words !== `%end ${open.mark}`) {
      open.lines.push(line)
      return
    }
    this.#open = null
    // The last number is 0 for what the client was started with.
    if (!open.mark.endsWith(' 0')) {
      this.#options.onReply(open.lines, isError)
    }
  }
}
