import { characterWidth, textWidth } from '../text-width.ts'

/** Stands for a newline within a line that is being typed, where a newline would send it. */
export const inputNewline = '\v'

export interface InputLine {
  prompt: string
  text: string
  /** Index in the text before which the cursor is. */
  cursor: number
}

export interface InputLayout {
  /** Without the prompt, which comes before the first row where that is shown. */
  rows: string[]
  hasPrompt: boolean
  /** Place of the cursor in these rows, columns with the prompt or its indent. */
  cursor: { row: number; column: number }
}

/** How a line that is typed is shown: rows indented by the prompt, at most so many, around the cursor. */
export function layOutInput(
  { prompt, text, cursor }: InputLine,
  { columns, mostRows }: { columns: number; mostRows: number },
): InputLayout {
  const indent = textWidth(prompt)
  const rows = ['']
  let column = indent
  let place = { row: 0, column }
  let index = 0
  const breakRow = (): void => {
    rows.push('')
    column = indent
  }
  for (const character of text) {
    const shown = character === '\t' ? '  ' : character
    const width = character === '\t' ? 2 : characterWidth(character)
    if (character !== inputNewline && column + width > columns && column > indent) {
      breakRow()
    }
    if (index === cursor) {
      place = { row: rows.length - 1, column }
    }
    if (character === inputNewline) {
      breakRow()
    } else {
      rows[rows.length - 1] += shown
      column += width
    }
    index += character.length
  }
  if (cursor >= index) {
    if (column >= columns) {
      breakRow()
    }
    place = { row: rows.length - 1, column }
  }
  const first = Math.max(0, Math.min(place.row - mostRows + 1, rows.length - mostRows))
  return {
    rows: rows.slice(first, first + mostRows),
    hasPrompt: first === 0,
    cursor: { row: place.row - first, column: place.column },
  }
}
