/**
 * Follows an agent's raw log until COUNT lines of 200 numbered bytes are here; checks that none is
 * missing or doubled, and says when the last came. usage: follow-log SOCKET AGENT COUNT
 */
const [socketPath = '', agent = '', count = ''] = process.argv.slice(2)
const lineBytes = 200
const wanted = Number(count) * lineBytes
let position = 0
let faults = 0

const http = process.getBuiltinModule('node:http')
http
  .get(
    {
      socketPath,
      path: `/v1/agents/${agent}/logs?format=raw&follow=true`,
      headers: { host: 'localhost' },
    },
    (response) => {
      process.stdout.write('following\n')
      response.on('data', (chunk: Buffer) => {
        check(chunk)
        position += chunk.length
        if (position >= wanted) {
          process.stdout.write(
            `${JSON.stringify({ ended: String(process.hrtime.bigint()), bytes: position, faults })}\n`,
            () => process.exit(0),
          )
        }
      })
    },
  )
  .on('error', () => process.exit(1))

/** Every line that begins in this chunk has the number that belongs to its place. */
function check(chunk: Buffer): void {
  const first = (lineBytes - (position % lineBytes)) % lineBytes
  for (let offset = first; offset + 10 <= chunk.length; offset += lineBytes) {
    if (readNumber(chunk, offset) !== (position + offset) / lineBytes) {
      faults++
    }
  }
}

function readNumber(chunk: Buffer, offset: number): number {
  let value = 0
  for (let place = 0; place < 10; place++) {
    value = value * 10 + (chunk[offset + place] ?? 0) - 48
  }
  return value
}
