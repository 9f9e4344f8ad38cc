import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeStrokes, isAnswerName } from './strokes.ts'

test('each stroke is a line, and its bytes where it has some', () => {
  const text = encodeStrokes([
    { stroke: 'paste', text: 'grüß\nGott' },
    { stroke: 'pause', ms: 50 },
    { stroke: 'keys', text: '\r' },
    { stroke: 'answer', name: 'q_1', text: '{}' },
  ])
  expect(text).toBe('paste 11\ngrüß\nGott\npause 50\nkeys 1\n\r\nanswer q_1 2\n{}\n')
})

test('any text comes back whole by its number of bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = Buffer.from(encodeStrokes([{ stroke: 'paste', text }]))
      const end = bytes.indexOf('\n')
      const count = Number(bytes.subarray(0, end).toString().split(' ')[1])
      expect(bytes.subarray(end + 1, end + 1 + count)).toEqual(Buffer.from(text))
      expect(bytes.subarray(end + 1 + count).toString()).toBe('\n')
    }),
  )
})

test('what is no name and no time is refused', () => {
  for (const name of ['', '../x', 'a b', 'a\nb', 'x'.repeat(101)]) {
    expect(isAnswerName(name)).toBe(false)
    expect(() => encodeStrokes([{ stroke: 'answer', name, text: '' }])).toThrow(/name/)
  }
  for (const ms of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => encodeStrokes([{ stroke: 'pause', ms }])).toThrow(/pause/)
  }
})
