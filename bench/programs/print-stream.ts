/**
 * Speaks the headless stream format of Claude Code: once a message has come in it streams one
 * answer of so many bytes, as fast as it can. usage: print-stream BYTES [flags that are ignored]
 */
import { readSync, writeSync } from 'node:fs'
import { streamChunk, streamHead, streamTail } from '../stream-lines.ts'

const wanted = Number(process.argv[2])
readSync(0, Buffer.alloc(65_536))
write(Buffer.from(streamHead))
for (let bytes = 0; bytes < wanted; bytes += streamChunk.length) {
  write(streamChunk)
}
write(Buffer.from(streamTail))

function write(buffer: Buffer): void {
  for (let done = 0; done < buffer.length;) {
    done += writeSync(1, buffer, done)
  }
}
