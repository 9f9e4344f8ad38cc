import { once } from 'node:events'
import type { Readable } from 'node:stream'

const longestBytes = 64 * 1024

export interface ReadLine {
  line: string
  rest: Buffer<ArrayBuffer>
}

/**
 * A line, of what was read before and what comes, and what came with it; the stream can be read on. Where it ends before, or the line is too
 * long, what there is. Throws the stream's error.
 */
export async function readLine(stream: Readable, before = Buffer.alloc(0)): Promise<ReadLine> {
  let all = before
  for (;;) {
    const end = all.indexOf(10)
    if (end >= 0) {
      return { line: all.subarray(0, end).toString(), rest: all.subarray(end + 1) }
    }
    const chunk = stream.read() as Buffer | null
    if (chunk) {
      all = Buffer.concat([all, chunk])
    } else if (stream.errored) {
      throw stream.errored
    } else if (stream.readableEnded || stream.destroyed || all.length > longestBytes) {
      return { line: all.toString(), rest: Buffer.alloc(0) }
    } else {
      await Promise.race([once(stream, 'readable'), once(stream, 'end'), once(stream, 'close')])
    }
  }
}
