import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { demux, passOn } from './demux.ts'

/** One piece of output as an engine sends it. */
function frame(type: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content)
  const header = Buffer.alloc(8)
  header.writeUInt8(type, 0)
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

/** The same bytes in pieces of these sizes, over and over. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

test('output and complaints come apart however they are cut', async () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 })))
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(frames, sizes, async (pieces, lengths) => {
      const sent = Buffer.concat(pieces.map(([type, bytes]) => frame(type, bytes)))
      const { stdout, stderr } = demux(Readable.from(cut(sent, lengths)))
      const [output, complaints] = await Promise.all([buffer(stdout), buffer(stderr)])
      const of = (wanted: number): Buffer =>
        Buffer.concat(pieces.filter(([type]) => type === wanted).map(([, bytes]) => bytes))
      expect(output.equals(of(1))).toBe(true)
      expect(complaints.equals(of(2))).toBe(true)
    }),
  )
})

test.for([
  ['in the middle of a piece', frame(1, 'whole').subarray(0, 10)],
  ['in the middle of a header', frame(1, 'whole').subarray(0, 3)],
] as const)('a connection that ends %s is an error for both', async ([, sent]) => {
  const { stdout, stderr } = demux(Readable.from([sent]))
  await expect(text(stdout)).rejects.toThrow('in the middle')
  await expect(text(stderr)).rejects.toThrow('in the middle')
})

test('what comes before a connection breaks is told', async () => {
  const source = new PassThrough()
  const { stdout } = demux(source)
  source.write(frame(1, 'before'))
  const pieces: string[] = []
  const reading = (async () => {
    for await (const piece of stdout) {
      pieces.push(String(piece))
      source.destroy(new Error('broke'))
    }
  })()
  await expect(reading).rejects.toThrow('broke')
  expect(pieces).toEqual(['before'])
})

test('bytes that are no pieces are an error, not output', async () => {
  const { stdout } = demux(Readable.from([Buffer.from('OCI runtime exec failed')]))
  await expect(text(stdout)).rejects.toThrow('not output in pieces')
})

test('no more is read than is taken', async () => {
  let given = 0
  const source = Readable.from(
    (function* () {
      for (; given < 1000; given += 1) {
        yield frame(1, Buffer.alloc(64 * 1024))
      }
    })(),
    { objectMode: true, highWaterMark: 1 },
  )
  const { stdout } = demux(source)
  stdout.once('readable', () => {})
  for (let turn = 0; turn < 100; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(given).toBeLessThan(10)
  stdout.removeAllListeners('readable')
  expect((await buffer(stdout)).length).toBe(1000 * 64 * 1024)
})

test('a reader that goes does not stop the other', async () => {
  const sent = [frame(1, Buffer.alloc(100_000)), frame(2, 'complaint'), frame(1, 'more')]
  const { stdout, stderr } = demux(Readable.from(sent))
  stdout.destroy()
  expect(await text(stderr)).toBe('complaint')
})

test('a terminal has one output, as it came', async () => {
  const { stdout, stderr } = passOn(Readable.from([Buffer.from('\x01\x00raw'), Buffer.from('!')]))
  expect(await Promise.all([text(stdout), text(stderr)])).toEqual(['\x01\x00raw!', ''])
})
