import { EventEmitter } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { TextSource } from '../context.ts'
import { plainText } from '../plain-text.ts'
import { inputNewline } from './lay-out-input.ts'
import { PasteScanner } from './paste-scanner.ts'

export interface LineEditorOptions {
  source: TextSource
  /** Lines typed before, the newest first. */
  history: readonly string[]
  /** A line was typed or pasted, and sent. */
  onLine: (text: string) => void
  /** The line or its cursor changed. */
  onChange: () => void
  /** The end of input, or Ctrl-D on an empty line. */
  onEnd: () => void
  /** Ctrl-C, Ctrl-L, Ctrl-Z. */
  onKey: (key: 'interrupt' | 'clear' | 'suspend') => void
}

/** Keys for readline: it edits, others draw. */
class KeySource extends EventEmitter {
  resume(): void {}
  pause(): void {}
}

/**
 * One line being typed on a terminal in raw mode, with the keys and the history of Node's readline.
 * It draws nothing. A pasted text of several lines is one line here.
 */
export class LineEditor {
  readonly #options: LineEditorOptions
  readonly #keys = new KeySource()
  readonly #readline: Interface
  readonly #scanner = new PasteScanner()
  readonly #decoder = new TextDecoder()
  #isClosed = false

  constructor(options: LineEditorOptions) {
    this.#options = options
    const { source, history, onLine, onEnd, onKey } = options
    this.#readline = createInterface({
      input: this.#keys as unknown as NodeJS.ReadableStream,
      terminal: true,
      history: history.map((text) => text.replaceAll('\n', inputNewline)),
      historySize: 500,
      removeHistoryDuplicates: true,
    })
    this.#readline.on('line', (line) => onLine(line.replaceAll(inputNewline, '\n')))
    this.#readline.on('SIGINT', () => onKey('interrupt'))
    this.#readline.on('SIGTSTP', () => onKey('suspend'))
    this.#readline.on('close', () => {
      if (!this.#isClosed) {
        onEnd()
      }
    })
    source.on('data', this.#read)
    source.on('end', onEnd)
    source.setRawMode?.(true)
  }

  get text(): string {
    return this.#readline.line
  }

  get cursor(): number {
    return this.#readline.cursor
  }

  /** Empties the line. */
  erase(): void {
    this.#readline.write(null, { ctrl: true, name: 'e' })
    this.#readline.write(null, { ctrl: true, name: 'u' })
  }

  /** Gives the terminal back and reads no more. */
  close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true
      const { source, onEnd } = this.#options
      source.off('data', this.#read)
      source.off('end', onEnd)
      source.setRawMode?.(false)
      source.pause()
      this.#readline.close()
    }
  }

  readonly #read = (chunk: Uint8Array | string): void => {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true })
    for (const { kind, text: part } of this.#scanner.push(text)) {
      if (this.#isClosed) {
        return
      }
      if (kind === 'paste') {
        this.#insert(part)
      } else {
        this.#keys.emit('data', part)
        if (part.includes('\f')) {
          this.#options.onKey('clear')
        }
      }
    }
    if (!this.#isClosed) {
      this.#options.onChange()
    }
  }

  #insert(text: string): void {
    const clean = plainText(text.replace(/\r\n?|[\u2028\u2029]/g, '\n')).replaceAll(
      '\n',
      inputNewline,
    )
    if (clean !== '') {
      this.#readline.write(clean)
    }
  }
}
