import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEventSplitter } from './server-sent-events.ts'

test('events are the same wherever the stream is cut and however its lines end', () => {
  const data = fc.array(fc.stringMatching(/^[a-z{}": ]{1,20}$/), { minLength: 1 })
  const newline = fc.constantFrom('\n', '\r\n', '\r')
  fc.assert(
    fc.property(data, newline, fc.array(fc.nat({ max: 30 })), (events, end, cuts) => {
      const encoded = events.map((item) => `event: x${end}data: ${item}${end}data: 2${end}${end}`)
      const stream = `: comment${end}${encoded.join('')}id: 1`
      expect(split(cutAt(stream, cuts))).toEqual(events.map((item) => `${item}\n2`))
    }),
  )
})

test('several data lines are one event, and an event without data is none', () => {
  expect(split(['data: a\ndata:b\n\nevent: ping\n\n'])).toEqual(['a\nb'])
})

function split(pieces: readonly string[]): string[] {
  const splitter = createEventSplitter()
  return pieces.flatMap((piece) => splitter(piece))
}

function cutAt(text: string, lengths: readonly number[]): string[] {
  const pieces: string[] = []
  let place = 0
  for (const length of lengths) {
    pieces.push(text.slice(place, place + length))
    place += length
  }
  return [...pieces, text.slice(place)]
}
