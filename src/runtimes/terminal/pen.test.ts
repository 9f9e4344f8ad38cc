import { expect, test } from 'vitest'
import { Pen } from './pen.ts'

const after = (...sequences: string[]): string => {
  const pen = new Pen()
  sequences.forEach((parameters) => pen.apply(parameters))
  return pen.toString().replaceAll('\u001b', '')
}

test.for([
  [[], ''],
  [['1'], '[1m'],
  [['1', '31', '0'], ''],
  [['1', '31', ''], ''],
  [['31', '32'], '[32m'],
  [['91', '31', '39'], ''],
  [['38;5;22', '1'], '[38;5;22;1m'],
  [['38;2;1;2;3;48;5;4;7'], '[38;2;1;2;3;48;5;4;7m'],
  [['38:2::1:2:3'], '[38:2::1:2:3m'],
  [['38;5;1', '34'], '[34m'],
  [['4:3', '58;5;9'], '[4:3;58;5;9m'],
  [['4', '21', '24'], ''],
  [['4', '4:0'], ''],
  [['1;2', '22'], ''],
  [['1;3;0;5'], '[5m'],
  [['44', '49', '104'], '[104m'],
] as const)('after %j the pen is %j', ([sequences, pen]) => {
  expect(after(...sequences)).toBe(pen)
})
