import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRunnerLine, parseRunnerInput } from './protocol.ts'

test('a query survives the wire, whatever its text, on one line', () => {
  const query = fc.record({
    type: fc.constant('query' as const),
    id: fc.string(),
    text: fc.string({ unit: 'binary' }),
    from: fc.string(),
  })
  fc.assert(
    fc.property(query, (input) => {
      const line = encodeRunnerLine(input)
      expect(line.indexOf('\n')).toBe(line.length - 1)
      expect(parseRunnerInput(line.slice(0, -1))).toEqual(input)
    }),
  )
})

test('input that is no input is null, never a throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      const input = parseRunnerInput(line)
      expect(input === null || ['query', 'stop', 'ping'].includes(input.type)).toBe(true)
    }),
  )
  expect(parseRunnerInput('{"type":"query","id":1,"text":"a"}')).toBeNull()
})

test('a query without a sender comes from the user', () => {
  expect(parseRunnerInput('{"type":"query","id":"1","text":"a"}')).toEqual({
    type: 'query',
    id: '1',
    text: 'a',
    from: 'user',
  })
})
