import type { TerminalSize } from '../schema/terminal.ts'
import { Terminal } from './xterm.ts'

const theme = {
  background: '#0c0f14',
  foreground: '#d7dde6',
  cursor: '#d7dde6',
  cursorAccent: '#0c0f14',
  selectionBackground: '#33415e',
  black: '#1b222c',
  red: '#f7768e',
  green: '#73c991',
  yellow: '#e0af68',
  blue: '#7aa2f7',
  magenta: '#bb9af7',
  cyan: '#7dcfff',
  white: '#c0c8d4',
  brightBlack: '#5b6778',
  brightRed: '#ff8fa3',
  brightGreen: '#8fe0aa',
  brightYellow: '#f0c485',
  brightBlue: '#9abbff',
  brightMagenta: '#d0b5ff',
  brightCyan: '#a4e0ff',
  brightWhite: '#eef2f7',
}

const fontFamily =
  "ui-monospace, 'SF Mono', Menlo, 'Cascadia Mono', Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
const smallestFont = 5
const most = 1000

/**
 * The terminal in the window. It always has the size that the agent's terminal has; where that is
 * more than the window can show, for others are there with more room, it is drawn smaller.
 */
export class Screen {
  readonly terminal: Terminal
  readonly #place: HTMLElement
  readonly #fontSize: number

  constructor(place: HTMLElement) {
    this.#place = place
    this.#fontSize = innerWidth < 600 ? 12 : 14
    this.terminal = new Terminal({
      theme,
      fontFamily,
      fontSize: this.#fontSize,
      lineHeight: 1.15,
      scrollback: 20_000,
      cursorBlink: true,
      macOptionIsMeta: true,
      rightClickSelectsWord: true,
    })
    this.terminal.open(place)
    silenceReports(this.terminal)
  }

  /** What the window has room for in letters of the usual size. */
  get room(): TerminalSize {
    const { width, height } = this.#cell()
    const fit = (length: number, unit: number): number =>
      Math.min(Math.max(Math.floor(length / unit), 1), most)
    return {
      cols: fit(this.#place.clientWidth, width),
      rows: fit(this.#place.clientHeight, height),
    }
  }

  /** Draws on an empty terminal of this size, after all that came before. */
  draw(bytes: Uint8Array, size: TerminalSize, done: () => void): void {
    this.terminal.write('', () => {
      this.terminal.reset()
      this.#setSize(size)
    })
    this.terminal.write(bytes, done)
  }

  write(bytes: Uint8Array, done: () => void): void {
    this.terminal.write(bytes, done)
  }

  resize(size: TerminalSize): void {
    this.terminal.write('', () => this.#setSize(size))
  }

  /** The window changed: letters are as large as they can be. */
  refit(): void {
    const { cols, rows } = this.terminal
    this.#setSize({ cols, rows })
  }

  #setSize({ cols, rows }: TerminalSize): void {
    const { width, height } = this.#cell()
    const { clientWidth, clientHeight } = this.#place
    const scale = Math.min(1, clientWidth / (width * cols), clientHeight / (height * rows))
    const fontSize = Math.max(smallestFont, Math.floor(this.#fontSize * scale * 2) / 2)
    if (fontSize !== this.terminal.options.fontSize) {
      this.terminal.options.fontSize = fontSize
    }
    this.terminal.resize(cols, rows)
  }

  /** What one character takes in letters of the usual size, CSS pixels. */
  #cell(): { width: number; height: number } {
    const drawn = this.#place.querySelector('.xterm-screen')?.getBoundingClientRect()
    const factor = this.#fontSize / (this.terminal.options.fontSize ?? this.#fontSize)
    return {
      width: ((drawn?.width ?? 0) / this.terminal.cols || 8) * factor,
      height: ((drawn?.height ?? 0) / this.terminal.rows || 16) * factor,
    }
  }
}

/**
 * Programs ask a terminal what it is and where its cursor stands. The agent's own terminal answers;
 * were each window to answer, too, the program would take that for keys.
 */
function silenceReports({ parser }: Terminal): void {
  const silent = (): boolean => true
  for (const id of [
    { final: 'c' },
    { prefix: '>', final: 'c' },
    { prefix: '=', final: 'c' },
    { final: 'n' },
    { prefix: '?', final: 'n' },
    { prefix: '>', final: 'q' },
    { intermediates: '$', final: 'p' },
    { prefix: '?', intermediates: '$', final: 'p' },
    { prefix: '?', final: 'u' },
    { final: 't' },
  ]) {
    parser.registerCsiHandler(id, silent)
  }
  parser.registerDcsHandler({ intermediates: '$', final: 'q' }, silent)
  parser.registerDcsHandler({ intermediates: '+', final: 'q' }, silent)
  parser.registerEscHandler({ final: 'Z' }, silent)
  for (const code of [4, 10, 11, 12]) {
    parser.registerOscHandler(code, (data) => data.split(';').includes('?'))
  }
}
