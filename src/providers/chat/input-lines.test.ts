import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLines } from './input-lines.ts'

test('lines come out whole wherever the bytes are cut, also inside a character', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n\uFEFF]/g, ''))
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 7 }), async (lines, size) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
      const read: string[] = []
      for await (const text of readLines(inPieces(bytes, size))) {
        read.push(text)
      }
      expect(read).toEqual(lines)
    }),
  )
})

test('a last line without a newline is a line', async () => {
  const read: string[] = []
  for await (const text of readLines(inPieces(Buffer.from('a\nb'), 2))) {
    read.push(text)
  }
  expect(read).toEqual(['a', 'b'])
})

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let place = 0; place < bytes.length; place += size) {
    yield bytes.subarray(place, place + size)
  }
}
