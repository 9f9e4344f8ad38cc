import type {
  TerminalConnection,
  TerminalEvent,
  TerminalOptions,
  TerminalSize,
} from '../contract.ts'

/**
 * A terminal made up for tests. Its screen is all that was ever said there, which draws the same on
 * any terminal; who is paused is left out, and gets the screen instead.
 */
export class FakeTerminal {
  readonly #viewers = new Set<Viewer>()
  readonly #type: (keys: Buffer) => void
  #said = Buffer.alloc(0)
  #size: TerminalSize

  /** `type`: gives keys to the program. */
  constructor(size: TerminalSize, type: (keys: Buffer) => void) {
    this.#size = size
    this.#type = type
  }

  get size(): TerminalSize {
    return this.#size
  }

  /** The program said something. */
  say(text: string | Buffer): void {
    const bytes = Buffer.from(text)
    this.#said = Buffer.concat([this.#said, bytes])
    for (const viewer of this.#viewers) {
      viewer.tell({ type: 'output', bytes })
    }
  }

  /** The program is gone. */
  end(cause: string): void {
    for (const viewer of this.#viewers) {
      viewer.tell({ type: 'gone', cause })
    }
    this.#viewers.clear()
  }

  open(options: TerminalOptions): TerminalConnection {
    const viewer = new Viewer(options, () => ({
      type: 'screen',
      bytes: this.#said,
      size: this.#size,
    }))
    this.#viewers.add(viewer)
    options.signal.addEventListener('abort', () => this.#viewers.delete(viewer))
    this.#fit()
    // Whoever opened it is not told of anything before they have it.
    setImmediate(() => viewer.resume())
    return {
      write: (bytes) => {
        if (!options.isReadOnly) {
          this.#type(Buffer.from(bytes))
        }
      },
      resize: (size) => {
        viewer.size = size
        this.#fit()
      },
      redraw: () => viewer.draw(),
      pause: () => viewer.pause(),
      resume: () => viewer.resume(),
      close: () => {
        this.#viewers.delete(viewer)
        this.#fit()
      },
    }
  }

  /** The smallest of those who may type is the terminal's. */
  #fit(): void {
    const sizes = [...this.#viewers].filter(({ isReadOnly }) => !isReadOnly).map(({ size }) => size)
    if (sizes.length === 0) {
      return
    }
    const size = {
      cols: Math.min(...sizes.map(({ cols }) => cols)),
      rows: Math.min(...sizes.map(({ rows }) => rows)),
    }
    if (size.cols !== this.#size.cols || size.rows !== this.#size.rows) {
      this.#size = size
      for (const viewer of this.#viewers) {
        viewer.tell({ type: 'resized', size })
      }
    }
  }
}

class Viewer {
  readonly isReadOnly: boolean
  size: TerminalSize
  readonly #tell: (event: TerminalEvent) => void
  readonly #screen: () => TerminalEvent
  #isPaused = true
  #isBehind = true

  constructor({ isReadOnly, size, onEvent }: TerminalOptions, screen: () => TerminalEvent) {
    this.isReadOnly = isReadOnly
    this.size = size
    this.#tell = onEvent
    this.#screen = screen
  }

  tell(event: TerminalEvent): void {
    if (!this.#isPaused || event.type === 'gone') {
      this.#tell(event)
    } else {
      this.#isBehind = true
    }
  }

  draw(): void {
    this.#isBehind = this.#isPaused
    if (!this.#isPaused) {
      this.#tell(this.#screen())
    }
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    if (this.#isBehind) {
      this.draw()
    }
  }
}
