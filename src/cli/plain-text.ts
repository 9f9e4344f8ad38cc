import { controlCharacter, controlInLine, readSequence } from '../util/control-sequence.ts'
import { plainText } from '../util/plain-text.ts'

export { plainText }

/** Longest sequence that is waited for. */
const longestOpen = 4096

/**
 * The same for text that comes in pieces and is printed as it comes: a sequence cut in two is held
 * back until it is whole. What was printed can't be overwritten any more: what would do so begins a
 * new line.
 */
export function createPlainTextStream(): (piece: string) => string {
  let held = ''
  let isInLine = false
  return (piece) => {
    const text = held + piece
    const start = openPart(text)
    held = text.slice(start)
    const whole = text.slice(0, start)
    const clean = plainText(whole)
    const isOverwriting = isInLine && /^[^\n]*\r(?!\r*(?:\n|$))/.test(whole)
    isInLine = clean.includes('\n') ? !clean.endsWith('\n') : isInLine || clean !== ''
    return isOverwriting ? `\n${clean}` : clean
  }
}

/** Where a sequence begins that may go on in the next piece, or carriage returns that may belong to a newline. */
function openPart(text: string): number {
  const last = controlBefore(text, text.length)
  if (last === -1) {
    return text.length
  }
  if (text.charAt(last) === '\r') {
    let start = last + 1
    while (text.charAt(start - 1) === '\r') {
      start--
    }
    return last === text.length - 1 ? start : text.length
  }
  // The escape of an end that is not whole is preceded by what it ends.
  const first = last === text.length - 1 ? controlBefore(text, last) : -1
  const start = first !== -1 && isOpenAt(text, first) ? first : last
  return isOpenAt(text, start) ? start : text.length
}

function isOpenAt(text: string, start: number): boolean {
  return readSequence(text, start).isOpen
}

/** The last control character before a place, no further back than is waited for; -1: there is none. */
function controlBefore(text: string, end: number): number {
  for (let at = end - 1; at >= Math.max(0, text.length - longestOpen); at--) {
    if (controlCharacter.test(text.charAt(at))) {
      return at
    }
  }
  return -1
}

/**
 * All letters of a text, for what somebody decides by: nothing is overwritten or erased, and what
 * is in a title or a link of the terminal's is shown. Carriage returns are newlines.
 */
export function allText(text: string): string {
  if (!controlInLine.test(text)) {
    return text
  }
  let letters = ''
  for (let at = 0; at < text.length;) {
    const character = text.charAt(at)
    if (!controlInLine.test(character)) {
      letters += character
      at++
      continue
    }
    const { kind, end } = readSequence(text, at)
    letters += character === '\r' && !'\r\n'.includes(text.charAt(end)) ? '\n' : ''
    // Of a string only its beginning is passed over.
    at = kind === 'string' ? at + (character === '\u001b' ? 2 : 1) : end
  }
  return letters
}

/** All letters of a text on one line, for a cell of a table. */
export function oneLine(text: string): string {
  return allText(text).replace(/\s+/g, ' ').trim()
}
