import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogLines, type LoggedEvent } from './log-lines.ts'

let seq = 0
const event = (type: string, data: Record<string, unknown> = {}): LoggedEvent => ({
  seq: ++seq,
  at: seq * 10,
  type,
  data,
})

function linesOf(events: readonly LoggedEvent[]): string[] {
  const lines = new LogLines()
  return [...events.flatMap((each) => lines.push(each)), ...lines.flush()].map(
    ({ stream, text }) => `${stream} ${text}`,
  )
}

const said = fc.record({
  stream: fc.constantFrom('out', 'err', 'text'),
  text: fc.string({ unit: fc.constantFrom('a', 'b', '\n', ' ') }),
})

const toEvent = ({ stream, text }: { stream: string; text: string }): LoggedEvent =>
  stream === 'text' ? event('text', { text }) : event('output', { stream, text })

test('text in pieces makes the same lines as text in one piece', () => {
  fc.assert(
    fc.property(fc.array(said), (pieces) => {
      const letters = pieces.flatMap(({ stream, text }) =>
        text.split('').map((letter) => ({ stream, text: letter })),
      )
      expect(linesOf(letters.map(toEvent))).toEqual(
        linesOf(pieces.filter(({ text }) => text !== '').map(toEvent)),
      )
    }),
  )
})

test('nothing of what was said is lost, and no line has a newline in it', () => {
  fc.assert(
    fc.property(fc.array(said), (pieces) => {
      const lines = new LogLines()
      const entries = [...pieces.flatMap((piece) => lines.push(toEvent(piece))), ...lines.flush()]
      const letters = (text: string): string => text.replaceAll('\n', '')
      expect(entries.map(({ text }) => text).join('')).toBe(
        letters(pieces.map(({ text }) => text).join('')),
      )
    }),
  )
})

test('a line ends when another stream speaks, and when the turn is over', () => {
  expect(
    linesOf([
      event('text', { text: 'one' }),
      event('output', { stream: 'err', text: 'bad\n' }),
      event('text', { text: 'two' }),
      event('turn.ended'),
      event('text', { text: 'three' }),
      event('session', { session: 'x' }),
      event('text', { text: ' goes on\n\n' }),
    ]),
  ).toEqual(['out one', 'err bad', 'out two', 'out three goes on', 'out '])
})

test('a line has the number and time of the event that completed it', () => {
  const lines = new LogLines()
  const [first, second] = [event('text', { text: 'a' }), event('text', { text: 'b\nc' })]
  expect(lines.push(first)).toEqual([])
  expect(lines.push(second)).toEqual([
    { seq: second.seq, at: second.at, stream: 'out', text: 'ab' },
  ])
  expect(lines.flush()).toEqual([{ seq: second.seq, at: second.at, stream: 'out', text: 'c' }])
})

test('tools, errors and bad endings are told by the system', () => {
  expect(
    linesOf([
      event('tool.call', { name: 'Bash', input: { command: 'ls' } }),
      event('tool.result', { output: 'a\nb', isError: false }),
      event('error', { class: 'auth', message: 'no key' }),
      event('run.ended', { status: 'failed', cause: 'exit code 3' }),
      event('run.ended', { status: 'exited', cause: null }),
    ]),
  ).toEqual([
    'system tool Bash {"command":"ls"}',
    'system tool result: a',
    'system b',
    'system error (auth): no key',
    'system run failed: exit code 3',
  ])
})
