/** One frame of an event stream; `data` is null for a frame that only sets the id. */
export interface SseFrame {
  id: string | null
  event: string | null
  data: string | null
}

/**
 * Parser of `text/event-stream`, fed with pieces cut anywhere. A frame counts once its blank line
 * is there; an unfinished last one is dropped, as the standard says. Comments are skipped.
 * Source: WHATWG HTML, section 9.2.6.
 */
export class SseParser {
  /** Text after the last line end. */
  #rest = ''
  /** The last piece ended with CR: an LF that follows belongs to it. */
  #isAfterReturn = false
  #isFirst = true
  #id: string | null = null
  #event: string | null = null
  #data: string | null = null

  push(piece: string): SseFrame[] {
    const frames: SseFrame[] = []
    for (const line of this.#lines(piece)) {
      if (line !== '') {
        this.#field(line)
        continue
      }
      if (this.#data !== null || this.#id !== null) {
        frames.push({ id: this.#id, event: this.#event, data: this.#data })
      }
      this.#id = null
      this.#event = null
      this.#data = null
    }
    return frames
  }

  #lines(piece: string): string[] {
    let text = piece
    if (text === '') {
      return []
    }
    if (this.#isFirst) {
      this.#isFirst = false
      text = text.replace(/^\uFEFF/, '')
    }
    if (this.#isAfterReturn && text.startsWith('\n')) {
      text = text.slice(1)
    }
    if (text !== '') {
      this.#isAfterReturn = text.endsWith('\r')
    } else if (piece !== '') {
      this.#isAfterReturn = false
    }
    const lines = text.includes('\r') ? text.split(/\r\n|\r|\n/) : text.split('\n')
    lines[0] = this.#rest + (lines[0] ?? '')
    this.#rest = lines.pop() ?? ''
    return lines
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) {
      return
    }
    const name = colon === -1 ? line : line.slice(0, colon)
    const start = line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1
    const value = colon === -1 ? '' : line.slice(start)
    if (name === 'data') {
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`
    } else if (name === 'id' && !value.includes('\0')) {
      this.#id = value
    } else if (name === 'event') {
      this.#event = value
    }
  }
}
