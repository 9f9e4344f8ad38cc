import type { TextSink } from '../context.ts'
import { textWidth, truncateText } from '../text-width.ts'
import { layOutInput, type InputLine } from './lay-out-input.ts'
import { wrapText } from './wrap-text.ts'

type Paint = (text: string) => string

/** Who speaks, and how it looks. */
export interface Voice {
  prefix: string
  paintPrefix: Paint
  paint: Paint
}

/** What is redrawn below all that was said. */
export interface Foot {
  rows: readonly { text: string; paint: Paint }[]
  input: InputLine
  paintPrompt: Paint
}

/** Changes that come together are drawn together, ms. */
const gatherMs = 16
/** A terminal that is being resized is left alone until it was still for so long, ms. */
const stillMs = 60

const hideCursor = '\u001B[?25l'
const showCursor = '\u001B[?25h'
const clearDown = '\u001B[J'
const clearRow = '\u001B[K'

/**
 * A terminal on which words come in while a line is typed. What was said scrolls away above; the
 * row that is still being said, a few rows about the state of things and the typed line are redrawn
 * below it, each time in one write. No row is as wide as the terminal, so that it never breaks one
 * by itself.
 */
export class Screen {
  readonly #sink: TextSink
  readonly #foot: () => Foot
  /** Painted rows that stay and were not written yet. */
  #said: string[] = []
  #voice: Voice | null = null
  /** The row that is still being said; null before its first word. */
  #open: string | null = null
  /** How much of that row is the voice's prefix. */
  #prefixLength = 0
  /** Newlines at the end of what was said; shown when more follows. */
  #heldNewlines = 0
  /** The rows drawn last: their widths, and where the cursor is. */
  #drawn = { widths: [] as number[], row: 0, column: 0 }
  #timer: NodeJS.Timeout | null = null
  #resizing: NodeJS.Timeout | null = null

  constructor(sink: TextSink, foot: () => Foot) {
    this.#sink = sink
    this.#foot = foot
  }

  /** Goes on with what this voice says, or begins with it. */
  say(voice: Voice, text: string): void {
    if (this.#voice !== voice) {
      this.end()
      this.#voice = voice
    }
    const words = this.#open === null ? text.replace(/^\n+/, '') : text
    if (words === '') {
      return
    }
    if (this.#open === null) {
      this.#open = voice.prefix
      this.#prefixLength = voice.prefix.length
    }
    const whole = '\n'.repeat(this.#heldNewlines) + words.replaceAll('\t', '    ')
    const length = endOfWords(whole)
    this.#heldNewlines = whole.length - length
    const lines = (this.#open + whole.slice(0, length)).split('\n')
    for (const [index, line] of lines.entries()) {
      this.#open = line
      this.#wrapOpen()
      if (index < lines.length - 1) {
        this.#closeRow()
      }
    }
    this.drawSoon()
  }

  /** What was being said is over; what comes begins anew. */
  end(): void {
    if (this.#open !== null) {
      this.#closeRow()
    }
    this.#open = null
    this.#voice = null
    this.#heldNewlines = 0
  }

  /** One thing, said at once. */
  tell(voice: Voice, text: string): void {
    this.end()
    this.say(voice, text)
    this.end()
  }

  drawSoon(): void {
    this.#timer ??= setTimeout(() => this.draw(), gatherMs)
  }

  draw(): void {
    clearTimeout(this.#timer ?? undefined)
    this.#timer = null
    if (this.#resizing) {
      return
    }
    this.#wrapOpen()
    const { text, widths, cursor } = this.#compose()
    const said = this.#takeSaid()
    const up = widths.length - 1 - cursor.row
    const right = cursor.column > 0 ? `\u001B[${cursor.column}C` : ''
    const back = `${up > 0 ? `\u001B[${up}A` : ''}\r${right}`
    this.#sink.write(`${hideCursor}${this.#toTop()}${said}${text}${clearDown}${back}${showCursor}`)
    this.#drawn = { widths, ...cursor }
  }

  /** The terminal has another size. */
  resized(): void {
    clearTimeout(this.#resizing ?? undefined)
    this.#resizing = setTimeout(() => this.#redraw(), stillMs)
  }

  /** A clean terminal, with the foot at its top. */
  clear(): void {
    this.#sink.write('\u001B[H\u001B[2J')
    this.restart()
  }

  /** The cursor is at the start of a row that is free. */
  restart(): void {
    this.#drawn = { widths: [], row: 0, column: 0 }
    this.draw()
  }

  /** Takes the foot away and leaves the cursor at the start of a free row. */
  close(): void {
    this.end()
    clearTimeout(this.#timer ?? undefined)
    this.#timer = null
    this.#settleSize()
    this.#sink.write(`${this.#toTop()}${clearDown}${this.#takeSaid()}`)
    this.#drawn = { widths: [], row: 0, column: 0 }
  }

  /** Rows broken by the terminal are forgotten as such only when they are cleared. */
  #redraw(): void {
    this.#settleSize()
    this.#sink.write(`${this.#toTop()}${clearDown}`)
    this.restart()
  }

  /** Terminals break rows that became too wide. */
  #settleSize(): void {
    if (this.#resizing) {
      clearTimeout(this.#resizing)
      this.#resizing = null
      const columns = this.#columns
      const { widths, row, column } = this.#drawn
      const rowsOf = (width: number): number => Math.max(1, Math.ceil(width / columns))
      const above = widths.slice(0, row).reduce((sum, width) => sum + rowsOf(width), 0)
      this.#drawn.row = above + Math.floor(column / columns)
    }
  }

  /** Columns that rows may take. */
  get #width(): number {
    return Math.max(this.#columns - 1, 10)
  }

  get #columns(): number {
    return this.#sink.columns || 80
  }

  #toTop(): string {
    return `${this.#drawn.row > 0 ? `\u001B[${this.#drawn.row}A` : ''}\r`
  }

  #takeSaid(): string {
    const said = this.#said
    this.#said = []
    return said.length > 0 ? `${clearDown}${said.map((row) => `${row}\r\n`).join('')}` : ''
  }

  /** All rows of the open line but the last stay as they are. */
  #wrapOpen(): void {
    if (this.#open !== null) {
      const rows = wrapText(this.#open, this.#width)
      for (const row of rows.slice(0, -1)) {
        this.#open = row
        this.#closeRow()
      }
      this.#open = rows.at(-1) ?? ''
    }
  }

  #closeRow(): void {
    this.#said.push(this.#paintOpen())
    this.#prefixLength = 0
  }

  #paintOpen(): string {
    const row = (this.#open ?? '').trimEnd()
    const voice = this.#voice
    return voice
      ? voice.paintPrefix(row.slice(0, this.#prefixLength)) +
          voice.paint(row.slice(this.#prefixLength))
      : row
  }

  #compose(): { text: string; widths: number[]; cursor: { row: number; column: number } } {
    const { rows: facts, input, paintPrompt } = this.#foot()
    const height = Math.max(this.#sink.rows || 24, 2)
    const layout = layOutInput(input, {
      columns: this.#width,
      mostRows: Math.max(1, Math.floor(height / 2)),
    })
    const indent = ' '.repeat(textWidth(input.prompt))
    const typed = layout.rows.map((row, index) => ({
      text: index === 0 && layout.hasPrompt ? paintPrompt(input.prompt) + row : indent + row,
      width: indent.length + textWidth(row),
    }))
    const room = Math.max(0, height - 1 - typed.length)
    const shown = facts.slice(0, room).map(({ text, paint }) => {
      const cut = truncateText(text, this.#width)
      return { text: paint(cut), width: textWidth(cut) }
    })
    const open =
      this.#open === null
        ? []
        : [{ text: this.#paintOpen(), width: textWidth(this.#open.trimEnd()) }]
    const rows = [...open, ...shown, ...typed]
    return {
      text: rows.map(({ text }) => `${text}${clearRow}`).join('\r\n'),
      widths: rows.map(({ width }) => width),
      cursor: { ...layout.cursor, row: open.length + shown.length + layout.cursor.row },
    }
  }
}

/** Length without the newlines at the end. */
function endOfWords(text: string): number {
  let length = text.length
  while (length > 0 && text[length - 1] === '\n') {
    length--
  }
  return length
}
