import { once } from 'node:events'
import { existsSync, openSync, closeSync, readFileSync, rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import type { Finding, Row } from '../row.ts'
import { program } from '../places.ts'
import type { Scratch } from '../scratch.ts'
import { formatRate, formatRatio, interleave, median } from '../statistics.ts'

const lineBytes = 200
const lines = 5_000_000
const rounds = 3

/** 1 GB of lines: how fast its program gets rid of them, and how fast one client has them all. */
export const rawLogRow: Row = {
  name: 'raw-log',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await scratch.startDaemon()
    const samples = { file: [] as number[], disk: [] as number[], followed: [] as number[] }
    let lost = 0
    await interleave(
      rounds,
      async () => {
        samples.file.push(lines / (await printToFile(scratch)))
      },
      async (round) => {
        samples.disk.push(lines / (await printAsAgent(scratch, daemon, `disk-${round}`)))
      },
      async (round) => {
        const result = await followAgent(scratch, daemon, `followed-${round}`)
        samples.followed.push(lines / result.seconds)
        lost += result.lost
      },
    )
    const [floor, disk, client] = [
      median(samples.file),
      median(samples.disk),
      median(samples.followed),
    ]
    const floorText = `${formatRate(floor, 'lines')} (program to a file)`
    const figures = {
      floorLinesPerSecond: floor,
      diskLinesPerSecond: disk,
      followedLinesPerSecond: client,
      lostLines: lost,
    }
    return [
      {
        what: 'raw log, 200-byte lines, 1 GB: to disk',
        measured: formatRate(disk, 'lines'),
        floor: floorText,
        ratio: formatRatio(disk / floor),
        goal: '≥ 0.9×',
        isMet: disk / floor >= 0.9,
        figures,
      },
      {
        what: 'raw log, 200-byte lines, 1 GB: followed by one client',
        measured: `${formatRate(client, 'lines')}, ${lost} lost`,
        floor: floorText,
        ratio: formatRatio(client / floor),
        goal: '≥ 600k lines/s, none lost',
        isMet: client >= 600_000 && lost === 0,
        figures: {},
      },
    ]
  },
}

interface Report {
  begun: bigint
  ended: bigint
}

const printer = (report: string): [string, ...string[]] => [
  process.execPath,
  program('print-lines'),
  String(lines),
  report,
]

/** Seconds that the bare program takes, its output going to a file. */
async function printToFile(scratch: Scratch): Promise<number> {
  const [file, report] = [scratch.file('bare-out'), scratch.file('bare-report')]
  const descriptor = openSync(file, 'a', 0o600)
  const child = scratch.spawn(printer(report), { stdio: ['pipe', descriptor, 'inherit'] })
  closeSync(descriptor)
  await sleep(200)
  child.stdin?.end('go\n')
  await once(child, 'exit')
  rmSync(file)
  return seconds(readReport(report))
}

async function printAsAgent(scratch: Scratch, daemon: BenchDaemon, name: string): Promise<number> {
  const report = scratch.file(name)
  await daemon.run(name, printer(report))
  await sleep(200)
  await daemon.client.send(name, { body: 'go' })
  const result = await awaitReport(report)
  await settle(daemon, name)
  return seconds(result)
}

async function followAgent(
  scratch: Scratch,
  daemon: BenchDaemon,
  name: string,
): Promise<{ seconds: number; lost: number }> {
  const report = scratch.file(name)
  const run = await daemon.run(name, printer(report))
  const argv = [
    process.execPath,
    program('follow-log'),
    daemon.status.socket,
    name,
    String(lines),
  ] as const
  const follower = scratch.spawn(argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (!follower.stdout) {
    throw new Error('The follower has no output.')
  }
  let said = ''
  follower.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await once(follower.stdout, 'data')
  await daemon.client.send(name, { body: 'go' })
  await once(follower, 'close')
  const { begun } = await awaitReport(report)
  const seen = JSON.parse(said.split('\n')[1] ?? '{}') as {
    ended: string
    bytes: number
    faults: number
  }
  const written = statSync(daemon.runFile(run, 'out')).size
  const lost =
    Math.abs(written - lines * lineBytes) / lineBytes +
    Math.abs(seen.bytes - written) / lineBytes +
    seen.faults
  await settle(daemon, name)
  return { seconds: seconds({ begun, ended: BigInt(seen.ended) }), lost }
}

/** Waits until the daemon has read it all, then removes the agent and its gigabyte. */
async function settle(daemon: BenchDaemon, name: string): Promise<void> {
  while ((await daemon.client.show(name)).run !== null) {
    await sleep(50)
  }
  await daemon.client.remove(name, { force: true, waitSeconds: 30 })
}

async function awaitReport(file: string): Promise<Report> {
  while (!existsSync(file) || statSync(file).size === 0) {
    await sleep(5)
  }
  return readReport(file)
}

function readReport(file: string): Report {
  const { begun, ended } = JSON.parse(readFileSync(file, 'utf8')) as {
    begun: string
    ended: string
  }
  return { begun: BigInt(begun), ended: BigInt(ended) }
}

const seconds = ({ begun, ended }: Report): number => Number(ended - begun) / 1e9
