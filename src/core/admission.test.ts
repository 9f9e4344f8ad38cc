import { expect, test } from 'vitest'
import { Config } from '../schema/config.ts'
import { shortage, type MachineFacts } from './admission.ts'

const limits = Config.parse({}).admission
const gib = 1024 ** 3
const plenty: MachineFacts = {
  freeBytes: 8 * gib,
  memoryPressure: 0,
  cpuPressure: 10,
  loadPerCore: 1,
}

test.for<[string, Partial<MachineFacts>, number | null, RegExp | null]>([
  ['has plenty', {}, null, null],
  ['has less memory than is kept free', { freeBytes: 400 * 1024 ** 2 }, null, /400 MB .* 512 MB/],
  ['has less than the agent may take', { freeBytes: 2 * gib }, 4 * gib, /2048 MB .* 4096 MB/],
  ['has enough for the agent', { freeBytes: 5 * gib }, 4 * gib, null],
  ['waits for memory', { memoryPressure: 21 }, null, /waits for memory 21 %/],
  ['waits for processors', { cpuPressure: 96 }, null, /waits for processors 96 %/],
  ['has a high load, and tells of its pressure', { loadPerCore: 9 }, null, null],
  [
    'has a high load, and does not tell',
    { loadPerCore: 4.1, cpuPressure: null },
    null,
    /load is 4\.1/,
  ],
  ['tells nothing', { freeBytes: null, memoryPressure: null, cpuPressure: null }, null, null],
])('a machine that %s', ([, facts, needed, cause]) => {
  const said = shortage({ ...plenty, ...facts }, limits, needed)
  if (cause) {
    expect(said).toMatch(cause)
  } else {
    expect(said).toBeNull()
  }
})
