import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRunnerLine, parseRunnerInput, type RunnerInput } from './protocol.ts'

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

const known: readonly RunnerInput[] = [
  { type: 'query', id: 'm', text: 'a', from: 'ann', steer: true },
  { type: 'stop' },
  { type: 'ping' },
  { type: 'interrupt', id: 'm' },
  { type: 'interrupt' },
  { type: 'set_model', model: 'big' },
  { type: 'set_persona', persona: 'kind' },
  { type: 'set_trigger', trigger: 'rex' },
  { type: 'answer', id: 'q', allow: true, for_session: true, message: 'yes' },
]

test.each(known)('%j survives the wire', (input) => {
  expect(parseRunnerInput(encodeRunnerLine(input))).toEqual(input)
})

test('an answer that does not clearly allow denies', () => {
  for (const allow of [undefined, 'true', 1, null]) {
    expect(parseRunnerInput(JSON.stringify({ type: 'answer', id: 'q', allow }))).toEqual({
      type: 'answer',
      id: 'q',
      allow: false,
      for_session: false,
      message: null,
    })
  }
})

test('input of a later version is unknown; what is no input is null, never a throw', () => {
  const types = new Set(['unknown', ...known.map(({ type }) => type)])
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      const input = parseRunnerInput(line)
      expect(input === null || types.has(input.type)).toBe(true)
    }),
  )
  expect(parseRunnerInput('{"type":"dream"}')).toEqual({ type: 'unknown' })
  expect(parseRunnerInput('{"type":"toString"}')).toEqual({ type: 'unknown' })
  for (const line of ['', '[]', '{}', '{"type":7}', '{"type":"query","id":1,"text":"a"}']) {
    expect(parseRunnerInput(line)).toBeNull()
  }
  for (const type of ['set_model', 'set_persona', 'set_trigger', 'answer']) {
    expect(parseRunnerInput(JSON.stringify({ type }))).toBeNull()
  }
})

test('a query without a sender comes from the user', () => {
  expect(parseRunnerInput('{"type":"query","id":"1","text":"a"}')).toEqual({
    type: 'query',
    id: '1',
    text: 'a',
    from: 'user',
  })
})
