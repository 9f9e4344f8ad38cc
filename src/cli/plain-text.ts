/**
 * What an agent printed, made harmless for a terminal: no escape sequences, no control characters
 * but newline and tab. Carriage returns before a newline go, others become a newline.
 */
export function plainText(text: string): string {
  return text
    .replace(sequence, '')
    .replace(/\r+(?=\n|$)/g, '')
    .replaceAll('\r', '\n')
    .replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '')
}

/** CSI, OSC and the other strings of ECMA-48, then two-character escapes. */
const sequence =
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|\u001B[\]PX^_][^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)|\u001B[ -/]*[0-Z\\^-~]/g

/** An escape sequence whose end has not come yet. */
const openSequence =
  /(?:\u009B[0-?]*[ -/]*|\u001B(?:\[[0-?]*[ -/]*|[\]PX^_][^\u0007\u001B\u009C]*\u001B?|[ -/]*)?)$/
const longestOpen = 4096

/** The same for text that comes in pieces: a sequence cut in two is held back until it is whole. */
export function createPlainTextStream(): (piece: string) => string {
  let held = ''
  return (piece) => {
    const text = held + piece
    const start = text.search(openSequence)
    const isHeld = start !== -1 && text.length - start <= longestOpen
    held = isHeld ? text.slice(start) : ''
    return plainText(isHeld ? text.slice(0, start) : text)
  }
}

/** One line of it, for a cell of a table. */
export function oneLine(text: string): string {
  return plainText(text).replace(/\s+/g, ' ').trim()
}
