import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textWidth } from '../text-width.ts'
import { wrapText } from './wrap-text.ts'

const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', ' ', ' ', '-', '漢', '字', '🐑', 'é', '\u0301', '\u200d'),
  maxLength: 60,
})
const columns = fc.integer({ min: 2, max: 20 })

test.for<[string, number, string[]]>([
  ['', 10, ['']],
  ['one two three', 20, ['one two three']],
  ['one two three', 8, ['one two', 'three']],
  ['one two three', 7, ['one two', 'three']],
  ['one   two', 4, ['one', 'two']],
  ['seven', 3, ['sev', 'en']],
  ['a seventeen', 6, ['a', 'sevent', 'een']],
  ['  indented', 6, ['  inde', 'nted']],
  ['漢字漢字', 5, ['漢字', '漢字']],
  ['mixed 漢字漢字', 9, ['mixed 漢', '字漢字']],
  ['e\u0301e\u0301e\u0301', 2, ['e\u0301e\u0301', 'e\u0301']],
])('%j in %i columns is %j', ([whole, width, rows]) => {
  expect(wrapText(whole, width)).toEqual(rows)
})

test('no row is wider than the columns, and nothing but spaces between rows is lost', () => {
  fc.assert(
    fc.property(text, columns, (whole, width) => {
      const rows = wrapText(whole, width)
      expect(rows.filter((row) => textWidth(row.trimEnd()) > width)).toEqual([])
      expect(rows.join('').replaceAll(' ', '')).toBe(whole.replaceAll(' ', ''))
    }),
  )
})

test('a line that grows is broken where it is when it comes at once', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), columns, (pieces, width) => {
      const rows: string[] = []
      let open = ''
      for (const piece of pieces) {
        const wrapped = wrapText(open + piece, width)
        open = wrapped.pop() ?? ''
        rows.push(...wrapped)
      }
      expect([...rows, open]).toEqual(wrapText(pieces.join(''), width))
    }),
  )
})
