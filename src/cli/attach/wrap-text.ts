import { characterWidth } from '../text-width.ts'

/** A place in a row: index in the text, and columns up to there. */
interface Place {
  index: number
  width: number
}

/**
 * The rows of one line of text, none wider than `columns`: broken after spaces, or between wide
 * characters, or where there is neither, anywhere. Spaces at the end of a row hang over. What comes
 * later only changes the last row, so a line that still grows can be wrapped as it comes.
 */
export function wrapText(text: string, columns: number): string[] {
  const rows: string[] = []
  let start = 0
  let here: Place = { index: 0, width: 0 }
  /** Where the next row may begin; null: nowhere yet. */
  let gap: Place | null = null
  for (const character of text) {
    const own = characterWidth(character)
    if (character !== ' ') {
      while (here.width + own > columns && here.index > start) {
        const end: Place = gap ?? here
        rows.push(text.slice(start, end.index).trimEnd())
        start = end.index
        here = { index: here.index, width: here.width - end.width }
        gap = null
      }
    }
    const isMark = own === 0 && gap?.index === here.index
    here = { index: here.index + character.length, width: here.width + own }
    const isSpace = character === ' ' && text.slice(start, here.index).trim() !== ''
    if (isSpace || isMark || own === 2) {
      gap = here
    }
  }
  rows.push(text.slice(start))
  return rows
}
