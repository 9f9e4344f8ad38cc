/**
 * A provider's decoder over its recorded samples, repeated, beside JSON.parse of the same lines alone.
 * Prints the rates of each round. usage: decode-samples SUBJECT BYTES ROUNDS
 */
import { decodeSubjects, specOf, stepsOf, type DecodeStep } from '../decode-subjects.ts'

const [name = '', bytesText = '', roundsText = ''] = process.argv.slice(2)
const subject = decodeSubjects[name]
if (!subject) {
  throw new Error(`There is no subject ${name}.`)
}
const spec = specOf(subject)
const conversations = subject.samples.map((sample) => stepsOf(subject, sample))
const size = conversations.flat().reduce((sum, step) => sum + sizeOf(step), 0)
const repeats = Math.max(1, Math.round(Number(bytesText) / size))

function sizeOf({ lines }: DecodeStep): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
}

function parse(): number {
  let objects = 0
  for (const { lines } of conversations.flat()) {
    for (const line of lines) {
      if (typeof JSON.parse(line) === 'object') {
        objects++
      }
    }
  }
  return objects
}

function decode(): number {
  let events = 0
  for (const steps of conversations) {
    const decoder = subject!.provider.createDecoder(null, spec)
    for (let index = 1; index <= subject!.sent; index++) {
      decoder.sent({ id: `msg_${index}`, from: 'user', body: '' }, 1)
    }
    for (const { lines, sent } of steps) {
      events += decoder.push('out', lines, { now: 1, isCut: false }).length
      events += decoder.due(1_000_000).length
      if (sent !== null) {
        events += decoder.sent({ id: sent, from: 'user', body: '' }, 1).length
      }
    }
    events += decoder.ended(2, true).length
  }
  return events
}

/** Megabytes a second. */
function rate(work: () => number): { mbPerSecond: number; count: number } {
  const begun = performance.now()
  let count = 0
  for (let index = 0; index < repeats; index++) {
    count += work()
  }
  const seconds = (performance.now() - begun) / 1000
  return { mbPerSecond: (size * repeats) / 1_000_000 / seconds, count }
}

const rounds = Array.from({ length: Number(roundsText) }, () => ({
  parsed: rate(parse).mbPerSecond,
  ...(({ mbPerSecond, count }) => ({ decoded: mbPerSecond, events: count }))(rate(decode)),
}))
process.stdout.write(JSON.stringify({ bytes: size * repeats, rounds }))
