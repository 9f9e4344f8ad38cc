import { readPress, type DetachKey } from './detach-key.ts'

export interface KeyScannerOptions {
  /** null: nothing leaves. */
  key: DetachKey | null
  /** For the program, byte by byte as typed. */
  onKeys: (keys: Uint8Array) => void
  /** The person leaves. Called once. */
  onDetach: () => void
  /** How long it is waited for the key to be pressed again, ms. */
  patienceMs?: number
}

/** Keys come alone or with few others; what comes in one longer piece is pasted. */
const mostKeys = 64

const pasteBegin = '\u001B[200~'
const pasteEnd = '\u001B[201~'

/**
 * Tells the key that leaves from all that is typed for the program. Pressed twice it is typed once.
 * In a paste it is text.
 */
export class KeyScanner {
  readonly #options: Required<KeyScannerOptions>
  /** Ends of what came last: a mark of a paste may be cut in two. */
  #tail = ''
  #isPaste = false
  #isLeft = false
  #waiting: NodeJS.Timeout | null = null

  constructor(options: KeyScannerOptions) {
    this.#options = { patienceMs: 400, ...options }
  }

  push(piece: Uint8Array): void {
    const wasPaste = this.#isPaste
    let text = Buffer.from(piece).toString('latin1')
    this.#followPaste(text)
    const hasPaste = wasPaste || this.#isPaste || text.includes(pasteBegin)
    const isTyped = !hasPaste && text.length <= mostKeys
    while (text !== '' && !this.#isLeft) {
      const { at, press } = isTyped ? this.#find(text) : { at: text.length, press: '' }
      if (at > 0) {
        if (this.#waiting) {
          return this.#leave()
        }
        this.#give(text.slice(0, at))
      }
      if (press !== '') {
        this.#pressed(press)
      }
      text = text.slice(at + press.length)
    }
  }

  /** Nobody leaves any more. */
  close(): void {
    this.#isLeft = true
    clearTimeout(this.#waiting ?? undefined)
  }

  #pressed(press: string): void {
    if (this.#waiting) {
      clearTimeout(this.#waiting)
      this.#waiting = null
      this.#give(press)
    } else {
      this.#waiting = setTimeout(() => this.#leave(), this.#options.patienceMs)
    }
  }

  #leave(): void {
    if (!this.#isLeft) {
      this.close()
      this.#options.onDetach()
    }
  }

  #give(text: string): void {
    this.#options.onKeys(Buffer.from(text, 'latin1'))
  }

  /** The first press of the key; at the end where there is none. */
  #find(text: string): { at: number; press: string } {
    const { key } = this.#options
    if (key) {
      for (let at = 0; at < text.length; at++) {
        const press = readPress(key, text.slice(at))
        if (press !== '') {
          return { at, press }
        }
      }
    }
    return { at: text.length, press: '' }
  }

  #followPaste(text: string): void {
    const seen = this.#tail + text
    const begin = seen.lastIndexOf(pasteBegin)
    const end = seen.lastIndexOf(pasteEnd)
    if (begin !== end) {
      this.#isPaste = begin > end
    }
    this.#tail = seen.slice(1 - pasteBegin.length)
  }
}
