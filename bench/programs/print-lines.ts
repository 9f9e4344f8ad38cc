/**
 * Prints numbered lines of a fixed length as fast as it can, once a line has come in, and writes how
 * long that took. usage: print-lines COUNT REPORT
 */
import { readSync, writeFileSync, writeSync } from 'node:fs'

const count = Number(process.argv[2])
const report = process.argv[3] ?? ''
const lineBytes = 200
const linesAtOnce = 320
const buffer = Buffer.alloc(lineBytes * linesAtOnce, 'x')
for (let index = 0; index < linesAtOnce; index++) {
  buffer[index * lineBytes + 10] = 32
  buffer[(index + 1) * lineBytes - 1] = 10
}

readSync(0, Buffer.alloc(64))
const begun = process.hrtime.bigint()
for (let number = 0; number < count; number += linesAtOnce) {
  const lines = Math.min(linesAtOnce, count - number)
  for (let index = 0; index < lines; index++) {
    writeNumber(index * lineBytes, number + index)
  }
  const bytes = lines * lineBytes
  for (let done = 0; done < bytes;) {
    done += writeSync(1, buffer, done, bytes - done)
  }
}
const ended = process.hrtime.bigint()
writeFileSync(report, JSON.stringify({ begun: String(begun), ended: String(ended) }))

/** Ten digits, from the left edge of a line. */
function writeNumber(offset: number, value: number): void {
  let rest = value
  for (let place = 9; place >= 0; place--) {
    buffer[offset + place] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}
