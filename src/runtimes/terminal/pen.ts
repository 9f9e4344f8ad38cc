/** Parameters that set a colour of their own, and which one: what follows `38;5;…` or `38;2;…` goes with it. */
const longColours: Readonly<Record<number, string>> = { 38: 'fg', 48: 'bg', 58: 'line' }

/** How text is written at one place: colours and attributes, as the SGR sequences that set them. */
export class Pen {
  readonly #parts = new Map<string, string>()

  /** Takes the parameters of one SGR sequence: what is between `ESC [` and `m`. Source: ECMA-48, 8.3.117; ISO 8613-6. */
  apply(parameters: string): void {
    const words = parameters.split(';')
    for (let index = 0; index < words.length; index++) {
      const word = words[index] ?? ''
      const code = Number(word.split(':')[0] || 0)
      const long = longColours[code]
      if (long && !word.includes(':')) {
        const count = words[index + 1] === '2' ? 5 : 3
        this.#parts.set(long, words.slice(index, index + count).join(';'))
        index += count - 1
      } else {
        this.#applyOne(code, word)
      }
    }
  }

  #applyOne(code: number, word: string): void {
    const slot = slotOf(code)
    if (code === 0) {
      this.#parts.clear()
    } else if (code === 22) {
      this.#parts.delete('1')
      this.#parts.delete('2')
    } else if (ends[code] !== undefined || word === '4:0') {
      this.#parts.delete(ends[code] ?? '4')
    } else {
      this.#parts.set(slot, word)
    }
  }

  /** The sequence that makes a fresh pen this one; empty for a fresh one. */
  toString(): string {
    return this.#parts.size > 0 ? `\u001b[${[...this.#parts.values()].join(';')}m` : ''
  }
}

/** What a code ends; 22 ends two. */
const ends: Readonly<Record<number, string>> = {
  23: '3',
  24: '4',
  25: '5',
  27: '7',
  28: '8',
  29: '9',
  39: 'fg',
  49: 'bg',
  55: '53',
  59: 'line',
}

function slotOf(code: number): string {
  if ((code >= 30 && code <= 38) || (code >= 90 && code <= 97)) {
    return 'fg'
  }
  if ((code >= 40 && code <= 48) || (code >= 100 && code <= 107)) {
    return 'bg'
  }
  if (code === 58) {
    return 'line'
  }
  // Underlines of every kind are one thing.
  return code === 21 ? '4' : String(code)
}
