import { allText } from './plain-text.ts'
import { textWidth, truncateText } from './text-width.ts'

export interface Column<Row> {
  title: string
  /** Uncoloured; it is shown as one line, without what a terminal acts on. */
  cell(row: Row): string
  /** Colours the cell after it was cut and filled. */
  paint?: ((text: string, row: Row) => string) | undefined
  align?: 'left' | 'right' | undefined
  /** May be cut down to this many columns where the terminal is narrow. */
  shrinkTo?: number | undefined
}

export interface TableOptions {
  /** Columns of the terminal; Infinity cuts nothing. */
  width: number
  paintTitle?: ((text: string) => string) | undefined
}

const gap = '  '

/** Aligned lines, the titles first. Columns empty in every row are left out. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paintTitle = (text) => text }: TableOptions,
): string[] {
  const used = columns
    .map((column) => ({
      column,
      cells: rows.map((row) => allText(column.cell(row)).replaceAll('\n', ' ')),
    }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''))
  const widths = fitWidths(
    used.map(({ column, cells }) => ({
      natural: cells.reduce(
        (widest, cell) => Math.max(widest, textWidth(cell)),
        textWidth(column.title),
      ),
      least: column.shrinkTo,
    })),
    width,
  )
  const join = (pick: (index: number) => string): string =>
    used
      .map((_, index) => pick(index))
      .join(gap)
      .trimEnd()
  const header = join((index) => {
    const { column } = used[index]!
    return paintTitle(fill(column.title, { width: widths[index]!, align: column.align }))
  })
  const lines = rows.map((row, rowIndex) =>
    join((index) => {
      const { column, cells } = used[index]!
      const isLast = index === used.length - 1 && column.align !== 'right'
      const text = truncateText(cells[rowIndex]!, widths[index]!)
      const filled = isLast ? text : fill(text, { width: widths[index]!, align: column.align })
      return column.paint ? column.paint(filled, row) : filled
    }),
  )
  return [header, ...lines]
}

/** Takes what is too much from the columns that may shrink, the last ones first. */
function fitWidths(
  columns: readonly { natural: number; least: number | undefined }[],
  width: number,
): number[] {
  const widths = columns.map(({ natural }) => natural)
  let excess =
    widths.reduce((sum, each) => sum + each, 0) + gap.length * (widths.length - 1) - width
  for (let index = columns.length - 1; index >= 0 && excess > 0; index--) {
    const { natural, least = natural } = columns[index]!
    const taken = Math.min(excess, Math.max(natural - least, 0))
    widths[index] = natural - taken
    excess -= taken
  }
  return widths
}

function fill(
  text: string,
  { width, align }: { width: number; align: 'left' | 'right' | undefined },
): string {
  const space = ' '.repeat(Math.max(width - textWidth(text), 0))
  return align === 'right' ? space + text : text + space
}
