import { expect, test } from 'vitest'
import { asNoCommand } from './submit-text.ts'
import {
  enterAgain,
  noteTyped,
  takeTyped,
  takeTypedByHead,
  typedDueAt,
  type Typed,
} from './typed.ts'

const message = (id: string, body: string) => ({ id, from: 'user', body })

function typedOf(...bodies: string[]): Typed[] {
  const typed: Typed[] = []
  bodies.forEach((body, index) => noteTyped(typed, message(`m${index + 1}`, body), 0))
  return typed
}

test('a text that was taken is known again, whatever its program did to its white space', () => {
  const typed = typedOf('one\r\n\ttwo  ', asNoCommand('/three'))
  expect(takeTyped(typed, '/three')).toBe('m2')
  expect(takeTyped(typed, 'one\n    two')).toBe('m1')
  expect(typed).toEqual([])
})

test('another text is nobody’s, and a message is taken once', () => {
  const typed = typedOf('hello')
  expect(takeTyped(typed, 'hello?')).toBeNull()
  expect(takeTyped(typed, 'hell')).toBeNull()
  expect(takeTyped(typed, 'hello')).toBe('m1')
  expect(takeTyped(typed, 'hello')).toBeNull()
})

test('long texts that differ in the middle alone are still told apart by their length', () => {
  const [short, long] = ['x'.repeat(1000), 'x'.repeat(1001)].map((text) => `a${text}b`)
  expect(takeTyped(typedOf(short!, long!), long!)).toBe('m2')
})

test('what was pasted behind what a person had begun to type is taken with that', () => {
  expect(takeTyped(typedOf('do it'), 'please, do it')).toBe('m1')
})

test('of a text that is cut its beginning tells whose it is', () => {
  const body = 'y'.repeat(5000)
  expect(takeTypedByHead(typedOf('x', body), body.slice(0, 2000))).toBe('m2')
  expect(takeTypedByHead(typedOf('y'), body)).toBeNull()
})

test('what is not taken is entered anew three times, later each time, and then told', () => {
  const typed = typedOf('hello')
  expect(enterAgain(typed, 2999)).toEqual([])
  expect(typedDueAt(typed, 0)).toBe(3000)
  const enter = { type: 'input', text: 'keys 1\n\r\n' }
  expect(enterAgain(typed, 3000)).toEqual([enter])
  expect(typedDueAt(typed, 3000)).toBe(9000)
  expect(enterAgain(typed, 9000)).toEqual([enter])
  expect(enterAgain(typed, 21_000)).toEqual([
    enter,
    expect.objectContaining({ type: 'status', status: 'not_taken' }),
  ])
  expect(typedDueAt(typed, 21_000)).toBeNull()
  expect(takeTyped(typed, 'hello')).toBe('m1')
})

test('a clock that was set back does not put that off', () => {
  const typed: Typed[] = []
  noteTyped(typed, message('m1', 'hello'), 3_600_000)
  expect(typedDueAt(typed, 60)).toBe(3060)
})
