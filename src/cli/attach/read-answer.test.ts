import { expect, test } from 'vitest'
import { readAnswer } from './read-answer.ts'

test.for<[line: string, verb: string, message: string | null]>([
  ['y', 'approve', null],
  [' Yes ', 'approve', null],
  ['n', 'deny', null],
  ['NO', 'deny', null],
  ['n use the other branch', 'deny', 'use the other branch'],
  ['y but only once\nand slowly', 'approve', 'but only once\nand slowly'],
])('%j is an answer', ([line, verb, message]) => {
  expect(readAnswer(line)).toEqual({ verb, message })
})

test.for(['', 'yesterday', 'no problem, go on', 'yes please', 'nn', 'y?', 'never'])(
  '%j is a message like any other',
  (line) => {
    expect(readAnswer(line)).toBeNull()
  },
)
