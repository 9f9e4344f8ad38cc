import type { TerminalSize } from '../../client/index.ts'
import { limits } from '../../schema/limits.ts'
import type { CliContext } from '../context.ts'
import { truncateText } from '../text-width.ts'
import { cutHistory } from './cut-history.ts'
import { QuestionFilter } from './question-filter.ts'
import {
  drawAt,
  emptyScreen,
  leaveScreen,
  plainModes,
  popTitle,
  pushTitle,
  setTitle,
  topRows,
} from './terminal-modes.ts'

export interface LocalTerminalOptions {
  title: string
  /** What was typed, as it came. */
  onInput: (bytes: Uint8Array) => void
  onResize: () => void
  /** Nothing can be typed any more: the terminal is gone. */
  onEnd: () => void
}

/** All that stands on a terminal elsewhere. */
export interface DrawnScreen {
  bytes: Uint8Array
  size: TerminalSize
}

const newline = 0x0a
const verticalTab = 0x0b

/**
 * The person's own terminal, given to a program elsewhere. Keys come as they are pressed; what the
 * program sends is drawn as it is, but for what it asks the terminal. However the process ends,
 * unless it is killed outright, `close` or its exit gives the terminal back as it was.
 */
export class LocalTerminal {
  readonly #context: CliContext
  readonly #options: LocalTerminalOptions
  readonly #filter = new QuestionFilter()
  /** The program's screen stands there, and not lines of our own. */
  #isDrawn = false
  /** What had scrolled away was told. */
  #hasHistory = false
  #isOpen = true

  constructor(context: CliContext, options: LocalTerminalOptions) {
    this.#context = context
    this.#options = options
    const { stdin, stdout } = context
    process.on('exit', this.#restore)
    process.on('SIGCONT', this.#takeAgain)
    stdout.on('resize', options.onResize)
    stdin.on('data', this.#read)
    stdin.on('end', options.onEnd)
    stdin.setRawMode?.(true)
    stdout.write(pushTitle + setTitle(options.title))
  }

  get size(): TerminalSize {
    return readSize(this.#context)
  }

  /** A screen, on a terminal that is as if it were just opened. What stood there before all of them scrolls away. */
  draw({ bytes, size }: DrawnScreen): Promise<void> {
    const { rows } = this.size
    this.#filter.begin(size.rows < rows ? size.rows : null)
    const before = this.#isDrawn ? '' : '\n'.repeat(rows - 1)
    const frame = size.rows < rows ? topRows(size.rows) : ''
    const screen = this.#hasHistory ? cutHistory(bytes, size.rows) : bytes
    this.#isDrawn = this.#hasHistory = true
    const head = before + plainModes + emptyScreen + frame
    return this.#write(Buffer.concat([Buffer.from(head), this.#clean(screen)]))
  }

  /** What the program sent after that. Resolves once more can be taken. */
  show(output: Uint8Array): Promise<void> {
    return this.#write(this.#clean(output))
  }

  /** Words over the last row, until the next `draw`. */
  cover(text: string): void {
    const { cols, rows } = this.size
    this.#context.stdout.write(drawAt(rows, truncateText(text, cols)))
  }

  /** The program's screen is over; lines of our own come below what stands there. */
  rest(): void {
    this.#context.stdout.write(this.#leaveScreen())
  }

  /** Gives the terminal back. */
  close(): void {
    if (this.#isOpen) {
      const { stdin, stdout } = this.#context
      process.off('exit', this.#restore)
      process.off('SIGCONT', this.#takeAgain)
      stdout.off('resize', this.#options.onResize)
      stdin.off('data', this.#read)
      stdin.off('end', this.#options.onEnd)
      this.#restore()
      stdin.pause()
    }
  }

  readonly #restore = (): void => {
    if (this.#isOpen) {
      this.#isOpen = false
      const { stdin, stdout } = this.#context
      stdout.write(this.#leaveScreen() + popTitle)
      stdin.setRawMode?.(false)
    }
  }

  readonly #read = (chunk: Uint8Array | string): void => {
    this.#options.onInput(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }

  /** Whoever stopped the process had the terminal meanwhile. */
  readonly #takeAgain = (): void => {
    this.#context.stdin.setRawMode?.(true)
    this.#options.onResize()
  }

  #leaveScreen(): string {
    const isDrawn = this.#isDrawn
    this.#isDrawn = false
    return isDrawn ? leaveScreen(this.#filter.isAlternate) : ''
  }

  /** In raw mode a newline still goes back to the first column; a vertical tab moves down and no more. */
  #clean(bytes: Uint8Array): Uint8Array {
    const clean = this.#filter.push(bytes)
    for (let at = clean.indexOf(newline); at !== -1; at = clean.indexOf(newline, at + 1)) {
      clean[at] = verticalTab
    }
    return clean
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { stdout } = this.#context
    await new Promise<void>((resolve) => {
      if (stdout.write(bytes, () => resolve())) {
        resolve()
      }
    })
  }
}

/** Of the terminal, within what terminals may be; an unknown one is as they were once. */
export function readSize({ stdout }: Pick<CliContext, 'stdout'>): TerminalSize {
  const { min, max } = limits.terminal.characters
  const fit = (count: number | undefined, usual: number): number =>
    Math.min(Math.max(count || usual, min), max)
  return { cols: fit(stdout.columns, 80), rows: fit(stdout.rows, 24) }
}
