import { once } from 'node:events'
import { chmodSync, closeSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import type { Finding, Row } from '../row.ts'
import { program } from '../places.ts'
import { residentMb, type Scratch } from '../scratch.ts'
import { formatMb, formatRatio } from '../statistics.ts'
import { streamChunk, streamHead, streamTail } from '../stream-lines.ts'

const gigabyte = 1_000_000_000
/** Lines that stay text are sent on whole, ten times over, so a quarter is enough of them. */
const plainBytes = gigabyte / 4
/** Growth of the daemon's memory over 1 GB that still counts as flat, MB. */
const flatMb = 32

/** From an agent's output over persisted events to ten followers, beside a loop that only reads and parses. */
export const eventsRow: Row = {
  name: 'events',
  async measure(scratch): Promise<Finding[]> {
    const floorBefore = await parseRate(scratch)
    const wrapper = writeWrapper(scratch)
    const daemon = await scratch.startDaemon({
      config: `providers:\n  claude:\n    path: ${wrapper}\n`,
    })
    const structured = await followAgent(scratch, daemon, {
      name: 'stream',
      bytes: gigabyte,
      last: 'turn.ended',
      start: async () =>
        await daemon.client.run({ template: 'claude', name: 'stream' }, { waitSeconds: 10 }),
    })
    const plain = await followAgent(scratch, daemon, {
      name: 'lines',
      bytes: plainBytes,
      last: 'run.ended',
      start: async () =>
        await daemon.run('lines', [process.execPath, program('print-stream'), String(plainBytes)]),
    })
    const floorAfter = await parseRate(scratch)
    const floor = (floorBefore + floorAfter) / 2
    const floorText = `${Math.round(floor)} MB/s (read + split + parse)`
    const what = 'agent output → persisted events → 10 followers'
    const line = (
      name: string,
      rate: number,
    ): Pick<Finding, 'what' | 'measured' | 'floor' | 'ratio' | 'goal' | 'isMet'> => ({
      what: `${what}, ${name}`,
      measured: `${Math.round(rate)} MB/s`,
      floor: floorText,
      ratio: formatRatio(rate / floor),
      goal: '≥ 0.25×',
      isMet: rate / floor >= 0.25,
    })
    return [
      {
        ...line('stream-json (claude)', structured.mbPerSecond),
        figures: { ...structured, floorMbPerSecond: floor },
      },
      {
        ...line('plain lines (command)', plain.mbPerSecond),
        figures: {
          plainMbPerSecond: plain.mbPerSecond,
          plainSentMb: plain.sentMb,
          plainEvents: plain.events,
        },
      },
      {
        what: 'daemon memory over 1 GB of stream-json',
        measured: `${formatMb(structured.firstMb)} in the second quarter, ${formatMb(structured.lastMb)} in the last`,
        floor: '',
        ratio: '',
        goal: `flat (≤ +${flatMb} MB)`,
        isMet: structured.lastMb - structured.firstMb <= flatMb,
        figures: {},
      },
    ]
  },
}

/** MB a second of the floor, over a quarter of the bytes, in a process of its own. */
async function parseRate(scratch: Scratch): Promise<number> {
  const file = scratch.file('stream')
  const descriptor = openSync(file, 'w', 0o600)
  writeSync(descriptor, streamHead)
  for (let bytes = 0; bytes < plainBytes; bytes += streamChunk.length) {
    writeSync(descriptor, streamChunk)
  }
  writeSync(descriptor, streamTail)
  closeSync(descriptor)
  const said = await scratch.run([process.execPath, program('parse-lines'), file])
  const { size } = statSync(file)
  rmSync(file)
  return size / 1e6 / (JSON.parse(said) as { seconds: number }).seconds
}

/** What the daemon takes for Claude Code: a program with its interface and a great deal to say. */
function writeWrapper(scratch: Scratch): string {
  const file = scratch.file('claude')
  writeFileSync(
    file,
    `#!/bin/sh\nexec '${process.execPath}' '${program('print-stream')}' ${gigabyte} "$@"\n`,
  )
  chmodSync(file, 0o700)
  return file
}

interface FollowedAgent {
  name: string
  bytes: number
  last: string
  start: () => Promise<unknown>
}

interface Followed {
  [figure: string]: number
  mbPerSecond: number
  /** Events that each follower was sent. */
  events: number
  sentMb: number
  /** The daemon's memory in the second quarter of the time, at most, and in the last; the first fills its buffers. */
  firstMb: number
  lastMb: number
}

async function followAgent(
  scratch: Scratch,
  daemon: BenchDaemon,
  { name, bytes, last, start }: FollowedAgent,
): Promise<Followed> {
  await start()
  const since = await lastEvent(daemon)
  const argv = [
    process.execPath,
    program('follow-events'),
    daemon.status.socket,
    name,
    last,
    String(since),
  ] as const
  const follower = scratch.spawn(argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (!follower.stdout) {
    throw new Error('The followers have no output.')
  }
  let said = ''
  follower.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await once(follower.stdout, 'data')
  await sleep(300)
  const memory: number[] = []
  const sampling = setInterval(() => memory.push(residentMb(daemon.pid)), 50)
  const begun = process.hrtime.bigint()
  await daemon.client.send(name, { body: 'go' })
  await once(follower, 'close')
  clearInterval(sampling)
  const { ended, seen } = JSON.parse(said.split('\n')[1] ?? '{}') as {
    ended: string
    seen: { events: number; bytes: number }[]
  }
  const counts = new Set(seen.map(({ events }) => events))
  if (counts.size !== 1) {
    throw new Error(`Followers were sent different numbers of events: ${[...counts].join(', ')}.`)
  }
  await daemon.client.remove(name, { force: true, waitSeconds: 30 })
  const quarter = Math.ceil(memory.length / 4)
  return {
    mbPerSecond: bytes / 1e6 / (Number(BigInt(ended) - begun) / 1e9),
    events: seen[0]?.events ?? 0,
    sentMb: seen.reduce((sum, each) => sum + each.bytes, 0) / 1e6,
    firstMb: Math.max(...memory.slice(quarter, 2 * quarter)),
    lastMb: Math.max(...memory.slice(-quarter)),
  }
}

async function lastEvent(daemon: BenchDaemon): Promise<number> {
  let last = 0
  for await (const { seq } of daemon.client.events({ since: 0, isFollowing: false })) {
    last = seq
  }
  return last
}
