import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProviderEvent } from '../contract.ts'
import { createCommandDecoder } from './decoder.ts'

const message = (id: string) => ({ id, from: 'user', body: id })
const said = { isCut: false }
const ended = (events: readonly ProviderEvent[]) =>
  events.flatMap((event) => (event.type === 'turn.ended' ? [[event.message, event.reply]] : []))

test('an answer is what comes after a message until it is quiet for long enough', () => {
  const decoder = createCommandDecoder(null, 100)
  expect(decoder.sent(message('m1'), 0)).toEqual([{ type: 'turn.started', message: 'm1' }])
  expect(decoder.dueAt(0)).toBeNull()
  decoder.push('out', ['one'], { now: 50, ...said })
  decoder.push('out', ['two'], { now: 140, ...said })
  expect(decoder.dueAt(140)).toBe(240)
  expect(decoder.due(239)).toEqual([])
  expect(decoder.due(240)).toEqual([
    expect.objectContaining({
      type: 'turn.ended',
      message: 'm1',
      reply: 'one\ntwo',
      durationMs: 240,
    }),
  ])
  expect(decoder.dueAt(0)).toBeNull()
})

test('a clock that was set back does not put an answer off', () => {
  const decoder = createCommandDecoder(null, 100)
  decoder.sent(message('m1'), 3_600_000)
  decoder.push('out', ['one'], { now: 3_600_050, ...said })
  expect(decoder.dueAt(60)).toBe(160)
  expect(decoder.due(159)).toEqual([])
  expect(decoder.due(160)).toEqual([
    expect.objectContaining({ message: 'm1', reply: 'one', durationMs: 0 }),
  ])
})

test('messages that wait together are answered together', () => {
  const decoder = createCommandDecoder(null, 100)
  decoder.sent(message('m1'), 0)
  expect(decoder.sent(message('m2'), 1)).toEqual([])
  decoder.push('out', ['both'], { now: 5, ...said })
  expect(ended(decoder.due(500))).toEqual([
    ['m1', 'both'],
    ['m2', 'both'],
  ])
})

test('what nobody asked for, and what goes to standard error, answers nothing', () => {
  const decoder = createCommandDecoder(null, 100)
  expect(decoder.push('out', ['hello'], { now: 1, ...said })).toEqual([
    { type: 'text', text: 'hello\n' },
  ])
  decoder.sent(message('m1'), 2)
  expect(decoder.push('err', ['oops'], { now: 3, ...said })).toEqual([
    { type: 'output', stream: 'err', text: 'oops\n' },
  ])
  expect(decoder.dueAt(0)).toBeNull()
})

test('a program that ends well has answered; one that ends badly has not, unless it said something', () => {
  const endAfter = (lines: readonly string[], isSuccess: boolean): unknown[] => {
    const decoder = createCommandDecoder(null, 100)
    decoder.sent(message('m1'), 0)
    decoder.push('out', lines, { now: 1, ...said })
    return ended(decoder.ended(2, isSuccess))
  }
  expect(endAfter([], true)).toEqual([['m1', '']])
  expect(endAfter([], false)).toEqual([])
  expect(endAfter(['half'], false)).toEqual([['m1', 'half']])
})

test('every message is answered once, whatever comes in between', () => {
  const step = fc.constantFrom('send', 'out', 'err', 'due', 'store')
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let decoder = createCommandDecoder(null, 10)
      const events: ProviderEvent[] = []
      let sent = 0
      steps.forEach((each, index) => {
        const now = index * 7
        if (each === 'send') {
          events.push(...decoder.sent(message(`m${sent++}`), now))
        } else if (each === 'due') {
          events.push(...decoder.due(now))
        } else if (each === 'store') {
          decoder = createCommandDecoder(JSON.parse(JSON.stringify(decoder.snapshot())), 10)
        } else {
          events.push(...decoder.push(each, ['x'], { now, ...said }))
        }
      })
      events.push(...decoder.ended(1e6, true))
      expect(ended(events).map(([id]) => id)).toEqual(
        Array.from({ length: sent }, (_, index) => `m${index}`),
      )
    }),
  )
})
