import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentName } from './agent-name.ts'

test.for(['a', 'A1', '0', 'my-agent_2', 'x'.repeat(63)])('%j is a name', (name) => {
  expect(AgentName.parse(name)).toBe(name)
})

test.for([
  '',
  '-a',
  '_a',
  'a b',
  '../x',
  'a/b',
  '.',
  'a.b',
  'ä',
  '\u0430gent',
  'a\n',
  'a\0',
  'a\u200bb',
  'x'.repeat(64),
  'x'.repeat(300),
])('%j is none', (name) => {
  expect(AgentName.safeParse(name).success).toBe(false)
})

test('a name is one plain part of a path, whatever is tried', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      if (AgentName.safeParse(text).success) {
        expect(text).toMatch(/^[\u0021-\u007e]+$/)
        expect(text).not.toMatch(/[./\\:~$*]/)
      }
    }),
  )
})
