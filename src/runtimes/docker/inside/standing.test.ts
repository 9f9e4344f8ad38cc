import { expect, test } from 'vitest'
import { readStanding } from './standing.ts'

test('how a run stands is read from the line that a courier says first', () => {
  expect(readStanding('drover 17 4711 alive 5 70 0 - - 18')).toEqual({
    pid: 17,
    startTime: '4711',
    isAlive: true,
    inBytes: 5,
    outBytes: 70,
    errBytes: 0,
    exit: null,
    isOutOfMemory: false,
    isGivenUp: false,
  })
  expect(readStanding('drover - - dead 0   - - none')).toMatchObject({
    pid: null,
    startTime: null,
    isGivenUp: true,
  })
  expect(readStanding('drover 17 4711 dead 5 70 3 137 oom 18')).toMatchObject({
    exit: 137,
    isOutOfMemory: true,
  })
  expect(readStanding('drover gone')).toBeNull()
})

test.each(['', 'sh: no such file', 'drover 1 2 alive'])('%j is no such line', (line) => {
  expect(() => readStanding(line)).toThrow(/A shell inside said/)
})
