import { describe, expect, it } from 'vitest'
import { createColors } from './colors.ts'
import { formatTable, type Column } from './table.ts'
import { textWidth, truncateText } from './text-width.ts'

interface Row {
  name: string
  count: number
  note: string
}

const columns: Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'COUNT', cell: ({ count }) => String(count), align: 'right' },
  { title: 'NOTE', cell: ({ note }) => note, shrinkTo: 5 },
]

describe('formatTable', () => {
  it('aligns columns and leaves no space at the ends', () => {
    const rows = [
      { name: 'a', count: 5, note: 'x' },
      { name: 'longer', count: 12345, note: '' },
    ]
    expect(formatTable(columns, rows, { width: Infinity })).toEqual([
      'NAME    COUNT  NOTE',
      'a           5  x',
      'longer  12345',
    ])
  })

  it('leaves out a column that is empty in every row', () => {
    expect(formatTable(columns, [{ name: 'a', count: 1, note: '' }], { width: 80 })).toEqual([
      'NAME  COUNT',
      'a         1',
    ])
  })

  it('cuts what may be cut so that no line is wider than the terminal', () => {
    const rows = [{ name: 'agent', count: 1, note: 'a cause that is far too long' }]
    const lines = formatTable(columns, rows, { width: 24 })
    expect(lines[1]).toBe('agent      1  a cause t…')
    expect(Math.max(...lines.map(textWidth))).toBe(24)
  })

  it('colours cells without moving them', () => {
    const painted = columns.map((column) => ({ ...column, paint: createColors(true).red }))
    const rows = [
      { name: '日本', count: 1, note: 'x' },
      { name: 'abcdef', count: 2, note: 'y' },
    ]
    const lines = formatTable(painted, rows, { width: 80 })
    expect(lines.slice(1).map(textWidth)).toEqual([16, 16])
  })
})

describe('text width', () => {
  it('counts wide characters twice and combining ones not at all', () => {
    expect(['abc', '日本', 'e\u0301', '😀', '\u001B[31mred\u001B[39m'].map(textWidth)).toEqual([
      3, 4, 1, 2, 3,
    ])
  })

  it('cuts between whole characters', () => {
    expect([
      truncateText('日本語', 5),
      truncateText('abc', 3),
      truncateText('abcd', 3),
      truncateText('abc', 0),
    ]).toEqual(['日本…', 'abc', 'ab…', ''])
  })
})
