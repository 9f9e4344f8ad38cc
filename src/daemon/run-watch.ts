import { watch, type FSWatcher } from 'node:fs'
import path from 'node:path'

/** Files of a run's folder whose changes tell nothing: what we write there ourselves. */
const own: ReadonlySet<string | null> = new Set(['in', 'bell'])

/** What a terminal shows is seen by people first, and read for the record this much later, ms. */
const recordMs = 10

/** Wakes who reads a run whenever its files change. */
export class RunWatch {
  readonly #onChange: () => void
  readonly #onLost: (error: unknown) => void
  readonly #outDelayMs: number
  #timer: NodeJS.Timeout | undefined
  #folder: FSWatcher | null = null
  #transcript: FSWatcher | null = null
  #file: string | null = null

  /**
   * `onLost`: changes of the folder can't be told any more. `isTerminal`: its program has a terminal,
   * where each key is output.
   */
  constructor(onChange: () => void, onLost: (error: unknown) => void, isTerminal = false) {
    this.#onChange = onChange
    this.#onLost = onLost
    this.#outDelayMs = isTerminal ? recordMs : 0
  }

  get isWatching(): boolean {
    return this.#folder !== null
  }

  begin(folder: string): void {
    try {
      this.#folder = watch(folder, (_, file) => own.has(file) || this.#change(file))
      this.#folder.on('error', (error) => this.#lose(error))
    } catch (error) {
      this.#lose(error)
    }
  }

  /**
   * Of a program's own transcript, too. It need not be there yet, nor its folder: then it is looked
   * for again whenever the run's folder changes, which the program's hooks see to.
   */
  watchTranscript(file: string): void {
    this.#endTranscript()
    this.#file = file
    this.#findTranscript()
  }

  #findTranscript(): void {
    if (this.#transcript || this.#file === null) {
      return
    }
    const { dir, base } = path.parse(this.#file)
    try {
      this.#transcript = watch(dir, (_, each) => each === base && this.#onChange())
      this.#transcript.on('error', () => this.#endTranscript())
    } catch {
      this.#transcript = null
    }
  }

  #change(file: string | null): void {
    if (file === 'out' && this.#outDelayMs > 0) {
      this.#timer ??= setTimeout(() => this.#tell(), this.#outDelayMs)
    } else {
      this.#tell()
    }
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#findTranscript()
    this.#onChange()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#folder?.close()
    this.#folder = null
    this.#endTranscript()
  }

  #endTranscript(): void {
    this.#transcript?.close()
    this.#transcript = null
  }

  #lose(error: unknown): void {
    this.#folder?.close()
    this.#folder = null
    this.#onLost(error)
  }
}
