import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  environmentValue,
  findMarkedProcesses,
  identifyProcess,
  isProcessAlive,
  parseProcessStat,
  sendSignal,
} from './process-identity.ts'

const tail = 'S 1 4711 4712 0 -1 4194560 100 0 0 0 1 2 3 4 20 0 1 0 123456789 1000000 200'

describe('a line of /proc/PID/stat', () => {
  test('is read whatever the command is called', () => {
    const name = fc.string({
      unit: fc.constantFrom('(', ')', ' ', 'S', '1', '\n', 'x'),
      maxLength: 15,
    })
    fc.assert(
      fc.property(name, (command) => {
        expect(parseProcessStat(`42 (${command}) ${tail}`)).toEqual({
          state: 'S',
          parent: 1,
          group: 4711,
          session: 4712,
          startTime: '123456789',
          cpuTicks: 3,
        })
      }),
    )
  })

  test.for(['', '42', '42 (sh)', '42 (sh) S 1 2'])('is nothing when it is cut off: %j', (line) => {
    expect(parseProcessStat(line)).toBeNull()
  })
})

describe('a process', () => {
  test('is alive until it is gone, and only as itself', async () => {
    const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' })
    const gone = once(child, 'exit')
    const identity = await identifyProcess(child.pid ?? 0)
    expect(identity).toMatchObject({ pid: child.pid, startTime: expect.stringMatching(/\d/) })
    if (identity) {
      expect(await isProcessAlive(identity)).toBe(true)
      expect(await isProcessAlive({ ...identity, startTime: '1' })).toBe(false)
      expect(await isProcessAlive({ ...identity, bootId: 'another' })).toBe(false)
      sendSignal(identity.pid, 'SIGKILL')
      await gone
      expect(await isProcessAlive(identity)).toBe(false)
      expect(() => sendSignal(identity.pid, 'SIGTERM')).not.toThrow()
    }
  })

  test.runIf(process.platform === 'linux')(
    'is found by the mark in its environment, whole and not in part',
    async () => {
      const mark = `MARK_${process.pid}`
      const child = spawn('/bin/sleep', ['1000'], {
        stdio: 'ignore',
        env: { [mark]: 'abc', [`X${mark}`]: 'abc' },
      })
      try {
        await once(child, 'spawn')
        expect(
          (await findMarkedProcesses(`${mark}=`)).map(({ pid, command }) => [pid, command]),
        ).toEqual([[child.pid, 'sleep']])
        expect(await findMarkedProcesses(`ARK_${process.pid}=abc`)).toEqual([])
      } finally {
        child.kill('SIGKILL')
      }
    },
  )
})

test('a variable is read from a block of them', () => {
  const block = 'A=1\0LONG_A=2\0EMPTY=\0B=x=y\0'
  expect(['A', 'LONG_A', 'EMPTY', 'B', 'C'].map((name) => environmentValue(block, name))).toEqual([
    '1',
    '2',
    '',
    'x=y',
    undefined,
  ])
})
