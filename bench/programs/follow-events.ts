/**
 * Ten followers of one agent's events on connections of their own: counts what each is sent, until
 * all have seen the last event, of the type given. usage: follow-events SOCKET AGENT LAST SINCE
 */
const [socketPath = '', agent = '', last = '', since = ''] = process.argv.slice(2)
const followers = 10
const mark = Buffer.from(`"type":"${last}"`)

const http = process.getBuiltinModule('node:http')
const following = Array.from({ length: followers }, async () => {
  const done = Promise.withResolvers<{ events: number; bytes: number }>()
  const request = http.get(
    {
      socketPath,
      path: `/v1/events?since=${since}&agent=${agent}`,
      headers: { host: 'localhost' },
      agent: false,
    },
    (response) => {
      let [events, bytes] = [0, 0]
      let tail = Buffer.alloc(0)
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        const seam = Buffer.concat([tail, chunk.subarray(0, 64)])
        events += countFrames(chunk) + (tail.at(-1) === 10 && chunk[0] === 10 ? 1 : 0)
        if (chunk.includes(mark) || seam.includes(mark)) {
          done.resolve({ events, bytes })
          response.destroy()
        }
        tail = Buffer.from(chunk.subarray(-64))
      })
    },
  )
  request.on('error', done.reject)
  return await done.promise
})
process.stdout.write('following\n')
const seen = await Promise.all(following)
process.stdout.write(`${JSON.stringify({ ended: String(process.hrtime.bigint()), seen })}\n`, () =>
  process.exit(0),
)

/** A frame ends with an empty line; JSON holds no raw newline. */
function countFrames(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf('\n\n'); at >= 0; at = chunk.indexOf('\n\n', at + 2)) {
    count++
  }
  return count
}
