import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseParser, type SseFrame } from './sse-parser.ts'

function parseAll(pieces: readonly string[]): SseFrame[] {
  const parser = new SseParser()
  return pieces.flatMap((piece) => parser.push(piece))
}

function cut(text: string, places: readonly number[]): string[] {
  const sorted = places
    .map((place) => place % (text.length + 1))
    .toSorted((one, other) => one - other)
  return [0, ...sorted].map((start, index) => text.slice(start, sorted[index] ?? text.length))
}

const ending = fc.constantFrom('\n', '\r\n', '\r')
const line = fc.oneof(
  fc.constantFrom(
    '',
    '',
    'data',
    'data:',
    ': comment',
    'event: x',
    'id: 7',
    'nonsense: y',
    'data:  two spaces',
  ),
  fc.string({ unit: 'grapheme' }).map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
)
const stream = fc.array(fc.tuple(line, ending)).map((lines) => lines.flat().join(''))

describe('SseParser', () => {
  it('gives the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (text, places) => {
        expect(parseAll(cut(text, places))).toEqual(parseAll([text]))
      }),
    )
  })

  it('joins data lines, keeps ids and skips comments', () => {
    const text = ': hi\n\nid: 4\nevent: note\ndata: one\ndata: two\n\ndata: {"a":1}\n\n'
    expect(parseAll([text])).toEqual([
      { id: '4', event: 'note', data: 'one\ntwo' },
      { id: null, event: null, data: '{"a":1}' },
    ])
  })

  it('gives a frame without data when only an id was sent', () => {
    expect(parseAll(['id: 12\n\n'])).toEqual([{ id: '12', event: null, data: null }])
  })

  it('drops a frame whose blank line never came', () => {
    expect(parseAll(['data: one\n\ndata: tw'])).toEqual([{ id: null, event: null, data: 'one' }])
  })

  it('takes a CR and an LF in two pieces for one line end', () => {
    expect(parseAll(['data: a\r', '\ndata: b\r', '\n\r', '\n'])).toEqual([
      { id: null, event: null, data: 'a\nb' },
    ])
  })
})
