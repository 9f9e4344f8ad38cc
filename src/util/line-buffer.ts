import { characterWidth } from './character-width.ts'

/** Columns that one sequence may add at most, so that few bytes never make much text. */
const mostAdded = 512
const tabStop = 8

/**
 * One line of a terminal of any width, and what came above it. Columns are cells: the second one of
 * a wide character, and those a tab takes, are empty. The cursor stands between two stacks of cells.
 * A step back or forward moves cells from one to the other, and a way back was always paid for by
 * text or by sequences before: so all work is linear in the text.
 */
export class LineBuffer {
  /** Cells moved so far. Tests bound it, for time can't be tested. */
  moves = 0
  #above: string[] = []
  /** Cells before the cursor. */
  #left: string[] = []
  /** Text behind those that was not laid out into cells yet; only while there is nothing after the cursor. */
  #tail = ''
  /** Cells from the cursor on, the nearest last. */
  #right: string[] = []
  /** Columns that the cursor stands behind the end of the line; only while there is nothing after it. */
  #gap = 0
  /** The row of the screen that the line is on, where that was said. */
  #row: number | null = null

  /** Writes at the cursor, over what is there. No control characters but tabs. */
  write(text: string): void {
    this.#fillGap()
    if (this.#right.length === 0) {
      this.#tail += text
      return
    }
    for (const character of text) {
      this.#put(character)
    }
  }

  /** The character before the cursor so many times more. */
  repeat(count: number): void {
    const [last] = /.$/su.exec(this.#tail.slice(-2)) ?? [this.#left.findLast((cell) => cell !== '')]
    this.write((last ?? '').repeat(Math.min(count, mostAdded)))
  }

  back(columns: number): void {
    const ofGap = Math.min(columns, this.#gap)
    this.#gap -= ofGap
    if (columns > ofGap) {
      this.#layOut()
      for (let left = Math.min(columns - ofGap, this.#left.length); left > 0; left--) {
        this.#right.push(this.#left.pop() ?? '')
        this.moves++
      }
    }
  }

  forward(columns: number): void {
    const wanted = Math.min(columns, mostAdded)
    const known = Math.min(wanted, this.#right.length)
    for (let left = known; left > 0; left--) {
      this.#left.push(this.#right.pop() ?? '')
      this.moves++
    }
    this.#gap += wanted - known
  }

  /** Counted from 0. */
  toColumn(column: number): void {
    if (column === 0) {
      this.back(Infinity)
      return
    }
    this.#layOut()
    const now = this.#left.length + this.#gap
    if (column < now) {
      this.back(now - column)
    } else {
      this.forward(column - now)
    }
  }

  /** Another row is a line of its own. Rows are counted from 1, columns from 0. */
  goTo(row: number, column: number): void {
    if (row !== this.#row) {
      this.break()
      this.#row = row
    }
    this.toColumn(column)
  }

  eraseRight(): void {
    this.#cut()
    this.#right = []
  }

  /** Takes out characters after the cursor; what is behind them moves up. */
  delete(columns: number): void {
    this.#cut()
    this.#drop(columns)
  }

  /** Blanks at the cursor; what is there moves on. */
  insert(columns: number): void {
    if (this.#right.length > 0) {
      this.#cut()
      this.#pushBlanks(this.#right, Math.min(columns, mostAdded))
    }
  }

  /** Blanks over what is after the cursor. */
  blank(columns: number): void {
    const wanted = Math.min(columns, mostAdded)
    this.#cut()
    const hasMore = this.#right.length > wanted
    this.#drop(wanted)
    if (hasMore) {
      this.#pushBlanks(this.#right, wanted)
    }
  }

  /** Empties the line; the cursor goes to its start, so that what comes next has no blanks before it. */
  clear(): void {
    this.#left = []
    this.#tail = ''
    this.#right = []
    this.#gap = 0
  }

  /** Begins a new line. One with nothing on it is none. */
  break(): void {
    const line = this.#line()
    this.moves += line.length
    if (line.trim() !== '') {
      this.#above.push(line)
    }
    this.clear()
    this.#row = null
  }

  /** All lines. */
  text(): string {
    const line = this.#line()
    if (this.#above.length === 0) {
      return line
    }
    const above = this.#above.join('\n')
    return line.trim() === '' ? above : `${above}\n${line}`
  }

  #line(): string {
    return this.#left.length + this.#right.length === 0
      ? this.#tail
      : this.#left.join('') + this.#tail + this.#right.toReversed().join('')
  }

  #fillGap(): void {
    this.#tail += ' '.repeat(this.#gap)
    this.moves += this.#gap
    this.#gap = 0
  }

  /** Makes cells of the tail. */
  #layOut(): void {
    const tail = this.#tail
    this.#tail = ''
    for (const character of tail) {
      const width =
        character === '\t' ? tabStop - (this.#left.length % tabStop) : characterWidth(character)
      this.#add(character, width)
    }
  }

  #put(character: string): void {
    if (character === '\t') {
      this.forward(tabStop - ((this.#left.length + this.#gap) % tabStop))
      return
    }
    const width = characterWidth(character)
    if (width > 0) {
      this.#pushBlanks(this.#left, this.#gap)
      this.#gap = 0
      this.#cut()
      this.#drop(width)
    }
    this.#add(character, width)
  }

  /** A character and the empty cells that belong to it; one without a width joins the one before it. */
  #add(character: string, width: number): void {
    const owner = width === 0 ? this.#left.findLastIndex((cell) => cell !== '') : -1
    if (owner >= 0) {
      this.#left[owner] += character
      this.moves++
      return
    }
    this.#left.push(character)
    for (let more = 1; more < width; more++) {
      this.#left.push('')
    }
    this.moves += Math.max(width, 1)
  }

  /** A character on both sides of the cursor becomes blanks: half of one can't be kept. */
  #cut(): void {
    if (this.#right.at(-1) === '') {
      let start = this.#left.length
      while (start > 0 && this.#left[start - 1] === '') {
        start--
      }
      const columns = this.#left.length - Math.max(start - 1, 0)
      this.#left.length -= columns
      this.#pushBlanks(this.#left, columns)
      this.#mendRight()
    }
  }

  /** Takes cells after the cursor away. */
  #drop(columns: number): void {
    const count = Math.min(columns, this.#right.length)
    this.#right.length -= count
    this.moves += count
    this.#mendRight()
  }

  /** What is left of a character whose beginning is gone becomes blanks. */
  #mendRight(): void {
    let columns = 0
    while (this.#right.at(-1) === '') {
      this.#right.pop()
      columns++
    }
    this.#pushBlanks(this.#right, columns)
  }

  #pushBlanks(cells: string[], columns: number): void {
    for (let left = columns; left > 0; left--) {
      cells.push(' ')
    }
    this.moves += columns
  }
}
