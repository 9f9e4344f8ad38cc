import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textWidth } from '../text-width.ts'
import { inputNewline, layOutInput } from './lay-out-input.ts'

const prompt = '> '

function layOut(text: string, cursor: number, size: { columns: number; mostRows: number }) {
  return layOutInput({ prompt, text, cursor }, size)
}

test('a short line is one row with the cursor in it', () => {
  expect(layOut('hello', 2, { columns: 20, mostRows: 5 })).toEqual({
    rows: ['hello'],
    hasPrompt: true,
    cursor: { row: 0, column: 4 },
  })
})

test('a long line goes on below, indented; a cursor behind a full row stands at the next', () => {
  const size = { columns: 6, mostRows: 5 }
  expect(layOut('abcdefgh', 5, size)).toEqual({
    rows: ['abcd', 'efgh'],
    hasPrompt: true,
    cursor: { row: 1, column: 3 },
  })
  expect(layOut('abcdefgh', 8, size)).toEqual({
    rows: ['abcd', 'efgh', ''],
    hasPrompt: true,
    cursor: { row: 2, column: 2 },
  })
})

test('a wide character that does not fit goes to the next row, and so does the cursor on it', () => {
  expect(layOut('abc漢', 3, { columns: 6, mostRows: 5 })).toEqual({
    rows: ['abc', '漢'],
    hasPrompt: true,
    cursor: { row: 1, column: 2 },
  })
})

test('lines of a pasted text are rows', () => {
  const text = ['one', 'two', ''].join(inputNewline)
  expect(layOut(text, 5, { columns: 20, mostRows: 5 })).toEqual({
    rows: ['one', 'two', ''],
    hasPrompt: true,
    cursor: { row: 1, column: 3 },
  })
})

test('of a text that is too high the rows around the cursor are shown', () => {
  const text = [...Array(10).keys()].join(inputNewline)
  const size = { columns: 20, mostRows: 3 }
  expect(layOut(text, text.length, size)).toMatchObject({
    rows: ['7', '8', '9'],
    hasPrompt: false,
    cursor: { row: 2, column: 3 },
  })
  expect(layOut(text, 0, size)).toMatchObject({
    rows: ['0', '1', '2'],
    hasPrompt: true,
    cursor: { row: 0, column: 2 },
  })
})

test('whatever is typed fits, and the cursor is in it', () => {
  const unit = fc.constantFrom('a', ' ', '漢', '🐑', '\t', inputNewline, '\u0301')
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 80 }),
      fc.nat(),
      fc.integer({ min: 5, max: 30 }),
      fc.integer({ min: 1, max: 6 }),
      (text, at, columns, mostRows) => {
        const characters = Array.from(text)
        const cursor = characters.slice(0, at % (characters.length + 1)).join('').length
        const { rows, cursor: place } = layOut(text, cursor, { columns, mostRows })
        expect(rows.length).toBeLessThanOrEqual(mostRows)
        expect(rows.filter((row) => textWidth(row) + 2 > columns)).toEqual([])
        expect(rows[place.row]).toBeDefined()
        expect(place.column).toBeLessThanOrEqual(2 + textWidth(rows[place.row] ?? ''))
        expect(place.column).toBeLessThanOrEqual(columns)
      },
    ),
  )
})
