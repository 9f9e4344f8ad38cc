import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitLines } from './split-lines.ts'

/** Reads bytes as the daemon reads a file: as much as fits, whole lines if there are any, else a piece. */
function readAll(bytes: Buffer, bufferBytes: number): string {
  let text = ''
  for (let offset = 0; offset < bytes.length;) {
    const chunk = bytes.subarray(offset, offset + bufferBytes)
    const whole = splitLines(chunk, false)
    const split = whole.bytes > 0 ? whole : splitLines(chunk, true)
    expect(split.bytes).toBeGreaterThan(0)
    text += split.lines.join('\n') + (split.isCut ? '' : '\n')
    offset += split.bytes
  }
  return text
}

const line = fc.string({ unit: fc.constantFrom('a', 'ü', '☃', '🐑', '\r', '\u0000', 'b') })

test('any way of cutting gives the same text, and no character is cut', () => {
  fc.assert(
    fc.property(
      fc.array(line),
      fc.boolean(),
      fc.integer({ min: 4, max: 40 }),
      (lines, isEnded, bufferBytes) => {
        const text = lines.join('\n') + (isEnded ? '\n' : '')
        expect(readAll(Buffer.from(text), bufferBytes)).toBe(text)
      },
    ),
  )
})

test('what is no UTF-8 is read to its end all the same', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 8 }), (bytes, bufferBytes) => {
      expect(readAll(Buffer.from(bytes), bufferBytes).split('\n')).toHaveLength(
        bytes.filter((byte) => byte === 10).length + 1,
      )
    }),
  )
})

test('a line that still comes is left for later', () => {
  expect(splitLines(Buffer.from('one\ntwo\nthr'), false)).toEqual({
    lines: ['one', 'two'],
    isCut: false,
    bytes: 8,
  })
  expect(splitLines(Buffer.from('thr'), false)).toEqual({ lines: [], isCut: false, bytes: 0 })
  expect(splitLines(Buffer.from('thr'), true)).toEqual({ lines: ['thr'], isCut: true, bytes: 3 })
})

test('an empty line is a line, nothing is none', () => {
  expect(splitLines(Buffer.from('\n\n'), false)).toEqual({
    lines: ['', ''],
    isCut: false,
    bytes: 2,
  })
  expect(splitLines(Buffer.alloc(0), true)).toEqual({ lines: [], isCut: false, bytes: 0 })
})
