import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeClaudeMessage, resultText, uuidOf } from './wire.ts'

test('a message is one line of JSON, whatever its text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (body) => {
      const line = encodeClaudeMessage({ id: 'm', from: 'user', body })
      expect(line.indexOf('\n')).toBe(line.length - 1)
      expect(JSON.parse(line)).toMatchObject({
        type: 'user',
        message: { content: [{ type: 'text', text: body }] },
      })
    }),
  )
})

test('every id has a UUID, always the same, and its own', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(uuidOf(one)).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
      )
      expect(uuidOf(one) === uuidOf(other)).toBe(one === other)
    }),
  )
  expect(uuidOf('bbbbbbbb-0000-4000-8000-000000000001')).toBe(
    'bbbbbbbb-0000-4000-8000-000000000001',
  )
})

test.for<[unknown, string]>([
  ['text', 'text'],
  [[{ type: 'text', text: 'a' }, { type: 'image' }, null, { type: 'text', text: 'b' }], 'a\n\n\nb'],
  [undefined, ''],
  [{ a: 1 }, '{"a":1}'],
])('a tool gave %j', ([content, expected]) => {
  expect(resultText(content)).toBe(expected)
})
