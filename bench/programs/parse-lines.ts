/** The floor of reading an agent: read, split, parse each line. Prints the seconds. usage: parse-lines FILE */
import { openSync, readSync } from 'node:fs'

const descriptor = openSync(process.argv[2] ?? '', 'r')
const buffer = Buffer.alloc(256 * 1024)
const begun = performance.now()
let lines = 0
for (let offset = 0; ;) {
  const filled = readSync(descriptor, buffer, 0, buffer.length, offset)
  const end = buffer.lastIndexOf(10, filled - 1)
  if (filled === 0 || end < 0) {
    break
  }
  for (const line of buffer.toString('utf8', 0, end).split('\n')) {
    if (typeof JSON.parse(line) === 'object') {
      lines++
    }
  }
  offset += end + 1
}
process.stdout.write(JSON.stringify({ seconds: (performance.now() - begun) / 1000, lines }))
