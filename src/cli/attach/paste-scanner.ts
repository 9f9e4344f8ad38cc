/** What came from a terminal: keys, or text that was pasted in one piece. */
export interface TypedPart {
  kind: 'keys' | 'paste'
  text: string
}

/** Source: xterm's control sequences, "Bracketed Paste Mode". */
const begin = '\u001B[200~'
const end = '\u001B[201~'
export const askForPastes = '\u001B[?2004h'
export const askForNoPastes = '\u001B[?2004l'

/**
 * Tells pasted text from pressed keys by the marks that terminals put around it when asked. Lines
 * that only arrive together may as well have been typed, over a slow connection. Fed with pieces
 * cut anywhere.
 */
export class PasteScanner {
  /** What may be the beginning of a mark. */
  #held = ''
  #paste: string | null = null

  push(piece: string): TypedPart[] {
    const parts: TypedPart[] = []
    let text = this.#held + piece
    this.#held = ''
    while (text !== '') {
      const mark = this.#paste === null ? begin : end
      const index = text.indexOf(mark)
      const rest = index === -1 ? '' : text.slice(index + mark.length)
      const inside = index === -1 ? this.#hold(text, mark) : text.slice(0, index)
      if (this.#paste === null) {
        if (inside !== '') {
          parts.push({ kind: 'keys', text: inside })
        }
        this.#paste = index === -1 ? null : ''
      } else {
        this.#paste += inside
        if (index !== -1) {
          parts.push({ kind: 'paste', text: this.#paste })
          this.#paste = null
        }
      }
      text = rest
    }
    return parts
  }

  /** Keeps back what may be a mark cut in two; an escape alone is a key, unless within a paste. */
  #hold(text: string, mark: string): string {
    const least = this.#paste === null ? 2 : 1
    for (let length = Math.min(mark.length - 1, text.length); length >= least; length--) {
      if (text.endsWith(mark.slice(0, length))) {
        this.#held = text.slice(-length)
        return text.slice(0, -length)
      }
    }
    return text
  }
}
