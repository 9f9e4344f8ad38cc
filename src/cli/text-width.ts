import { characterWidth } from '../util/character-width.ts'

export { characterWidth }

const escapes = /\u001B\[[0-9;]*m/g

/** Columns that text takes on a terminal; our own colour codes take none. */
export function textWidth(text: string): number {
  const bare = text.replace(escapes, '')
  if (/^[ -~]*$/.test(bare)) {
    return bare.length
  }
  let width = 0
  for (const character of bare) {
    width += characterWidth(character)
  }
  return width
}

/** Uncoloured text cut to so many columns, with `…` where something is missing. */
export function truncateText(text: string, columns: number): string {
  if (textWidth(text) <= columns) {
    return text
  }
  let width = 0
  let cut = ''
  for (const character of text) {
    width += characterWidth(character)
    if (width > columns - 1) {
      break
    }
    cut += character
  }
  return columns > 0 ? `${cut}…` : ''
}
