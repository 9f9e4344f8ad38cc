/** Cuts text that comes in pieces into whole lines; `end` gives the last one without its newline. */
export class LineSplitter {
  /** Pieces of a line that has not ended; joined once, so that a long line is not copied again and again. */
  #open: string[] = []

  push(piece: string): string[] {
    const lines = piece.split('\n')
    const last = lines.pop() ?? ''
    if (lines.length > 0) {
      lines[0] = this.#open.join('') + lines[0]
      this.#open = []
    }
    if (last !== '') {
      this.#open.push(last)
    }
    return lines
  }

  end(): string[] {
    const rest = this.#open.join('')
    this.#open = []
    return rest === '' ? [] : [rest]
  }
}
