import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { ProviderEvent } from '../../contract.ts'
import { createTerminalCommandDecoder } from './decoder.ts'

/** Recorded of the programs in a tmux of 120 × 40, each message pasted and entered once the last was answered. */
function recorded(name: string): string[] {
  const file = new URL(`../../../../test/fixtures/samples/${name}`, import.meta.url)
  return readFileSync(file, 'utf8').split('\n').slice(0, -1)
}

const message = (body: string) => ({ id: body, from: 'user', body })
const textOf = (events: readonly ProviderEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('')

/** What is left of a recording for which these were typed, line by line, stored in between. */
function readable(name: string, bodies: readonly string[]): string {
  let decoder = createTerminalCommandDecoder(null, 100)
  bodies.forEach((body) => decoder.sent(message(body), 0))
  return recorded(name)
    .map((line) => {
      decoder = createTerminalCommandDecoder(JSON.parse(JSON.stringify(decoder.snapshot())), 100)
      return textOf(decoder.push('out', [line], { now: 1, isCut: false }))
    })
    .join('')
}

test('of a shell that edits its line only what its commands print is read', () => {
  const long = 'x'.repeat(200)
  const bodies = [
    'echo early',
    'echo hi',
    'echo one\necho "Grüße, 世界"\necho three',
    `echo ${long}`,
    'sleep 1; echo late',
  ]
  expect(readable('terminal-bash.out', bodies)).toBe(
    ['early', 'hi', 'one', 'Grüße, 世界', 'three', long, 'late', ''].join('\n'),
  )
})

test('of a program with a plain prompt what was typed at it is known again', () => {
  const decoder = createTerminalCommandDecoder(null, 100)
  const lines = recorded('terminal-python.out')
  const bodies = ['print(0)', 'print(1+1)', 'x=1', 'for i in range(3):\n    print(i)\n\n']
  const starts = [...bodies.slice(1).map((body) => `>>> ${body.split('\n')[0]}\r`), undefined]
  const told = bodies.map((body, index) => {
    decoder.sent(message(body), 0)
    const end = lines.indexOf(starts[index] ?? '')
    const answer = lines.splice(0, end === -1 ? lines.length : end)
    return textOf(decoder.push('out', answer, { now: 1, isCut: false }))
  })
  expect(told.slice(1)).toEqual(['2\n', '', '0\n1\n2\n'])
  expect(told[0]).toMatch(/^Python 3.*\n0\n$/s)
})

test('the echo of a message begins no answer; the same words said once more are one', () => {
  const decoder = createTerminalCommandDecoder(null, 100)
  decoder.sent(message('hello'), 0)
  expect(decoder.push('out', ['hello\r'], { now: 1, isCut: false })).toEqual([])
  expect(decoder.dueAt(1)).toBeNull()
  expect(decoder.push('out', ['hello\r'], { now: 5, isCut: false })).toEqual([
    { type: 'text', text: 'hello\n' },
  ])
  expect(decoder.due(105)).toEqual([
    expect.objectContaining({ type: 'turn.ended', message: 'hello', reply: 'hello' }),
  ])
})

test('a program that edits its line for as long as it lives has answers all the same', () => {
  const decoder = createTerminalCommandDecoder(null, 100)
  decoder.sent(message('hello'), 0)
  const drawn = ['\u001b[?2004h> \r', '> hello\r', '\r', '* an answer\r', '> \r']
  expect(textOf(decoder.push('out', drawn, { now: 1, isCut: false }))).toContain('* an answer\n')
})

test('colours and lines that were overwritten are read as they last stood', () => {
  const decoder = createTerminalCommandDecoder(null, 100)
  decoder.sent(message('build'), 0)
  const lines = ['\u001b[32m10 %\r100 %\u001b[0m\r', '\u001b]0;title\u0007done\r']
  expect(textOf(decoder.push('out', lines, { now: 1, isCut: false }))).toBe('100 %\ndone\n')
})
