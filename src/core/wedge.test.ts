import { expect, test } from 'vitest'
import { isWedged } from './wedge.ts'

const first = { at: 0, processes: ['10:5', '11:6'], cpuMs: 400 }

test.for([
  ['the same processes did nothing for long', {}, true],
  ['they took a hair of time', { cpuMs: 450 }, true],
  ['they worked', { cpuMs: 900 }, false],
  ['it is too early to tell', { at: 9000 }, false],
  ['one of them is another', { processes: ['10:5', '11:7'] }, false],
  ['one came', { processes: ['10:5', '11:6', '12:8'] }, false],
  ['none could be seen', { processes: [] }, false],
] as const)('whether a run is wedged when %s', ([, last, is]) => {
  expect(isWedged(first, { ...first, at: 10_000, ...last }, 10_000)).toBe(is)
})
