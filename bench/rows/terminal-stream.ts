import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TerminalEvent, TerminalStream } from '../../src/client/index.ts'
import { findProgram } from '../../src/util/find-program.ts'
import type { BenchDaemon } from '../bench-daemon.ts'
import { startTypist, type Typist } from '../pty-typist.ts'
import type { Finding, Row } from '../row.ts'
import { residentMb, type Scratch } from '../scratch.ts'
import { formatMs, formatRatio, interleave, median, percentile } from '../statistics.ts'

const keyRounds = 20
const keysOfRound = 50
const burstRounds = 3
const lineBytes = 80
const burstBytes = 49_000_000 - (49_000_000 % lineBytes)
/** The terminal makes two of each newline. */
const sentBytes = burstBytes + burstBytes / lineBytes + 'END\r\n'.length
/** Least that the burst may take of the pace of bare control mode. */
const leastShare = 0.5
/** What onlookers may add to what it takes to keep that much output, MB. */
const mostAddedMb = 32

const echo: [string, ...string[]] = ['/bin/sh', '-c', 'stty raw -echo; exec cat']
const burst: [string, ...string[]] = [
  '/bin/sh',
  '-c',
  `stty -echo; while read -r _; do yes ${'0123456789'.repeat(8).slice(1)} | head -c ${burstBytes}; echo END; done`,
]

/** An agent's terminal through the WebSocket, beside tmux itself. */
export const terminalStreamRow: Row = {
  name: 'terminal-stream',
  async measure(scratch): Promise<Finding[] | string> {
    const [tmux, python] = [find('tmux'), find('python3')]
    if (!tmux || !python) {
      return 'it needs tmux and python3'
    }
    const daemon = await scratch.startDaemon()
    const bare = new BareTmux(scratch, tmux)
    await bare.start('echo', echo)
    await bare.start('burst', burst)
    try {
      return [
        ...(await measureKeys(daemon, bare.attach('echo', python))),
        ...(await measureBurst(daemon, bare, await growUnseen(scratch))),
      ]
    } finally {
      await bare.end()
    }
  },
}

const find = (name: string): string | null =>
  findProgram(name, { searchPath: process.env['PATH'] ?? '', folder: '/' })

/** A server of tmux of the row's own. */
class BareTmux {
  readonly #scratch: Scratch
  readonly #base: [string, ...string[]]

  constructor(scratch: Scratch, tmux: string) {
    this.#scratch = scratch
    this.#base = [tmux, '-S', scratch.file('tmux'), '-f', '/dev/null', '-u']
  }

  async start(name: string, argv: readonly string[]): Promise<void> {
    const size = ['-x', '80', '-y', '24']
    await this.#scratch.run([...this.#base, 'new-session', '-d', '-s', name, ...size, ...argv])
  }

  /** Types keys under a pty that `tmux attach` has; gives ms. */
  attach(name: string, python: string): Typist {
    const argv = [...this.#base, 'attach-session', '-t', `=${name}`]
    return startTypist(this.#scratch, python, argv)
  }

  /** Seconds until a client in control mode has all of the burst. */
  async follow(name: string): Promise<number> {
    const child = this.#scratch.spawn([...this.#base, '-C', 'attach-session', '-t', `=${name}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const output = must(child.stdout)
    await once(output, 'data')
    await sleep(300)
    const begun = performance.now()
    child.stdin?.write(`send-keys -t =${name}: Enter\n`)
    await untilEnd(output)
    const seconds = (performance.now() - begun) / 1000
    child.stdin?.end()
    await once(child, 'exit')
    return seconds
  }

  async end(): Promise<void> {
    await this.#scratch.run([...this.#base, 'kill-server'])
  }
}

async function measureKeys(daemon: BenchDaemon, typeBare: Typist): Promise<Finding[]> {
  const stream = await openTerminal(daemon, 'echo', echo)
  const events = stream[Symbol.asyncIterator]()
  while ((await events.next()).value?.type !== 'screen') {
    // What comes before the screen says nothing.
  }
  const typeKey = async (): Promise<number> => {
    const begun = performance.now()
    stream.write('#')
    for (;;) {
      const { value } = await events.next()
      if (value?.type === 'output' && value.bytes.includes(0x23)) {
        return performance.now() - begun
      }
    }
  }
  const samples = { web: [] as number[], bare: [] as number[] }
  await sleep(500)
  await interleave(
    keyRounds,
    async () => void samples.bare.push(...(await typeBare(keysOfRound))),
    async () => {
      for (let count = 0; count < keysOfRound; count++) {
        samples.web.push(await typeKey())
      }
    },
  )
  stream.close()
  const [web, bare] = [median(samples.web), median(samples.bare)]
  return [
    {
      what: 'terminal: key → echo through the WebSocket, p50',
      measured: formatMs(web),
      floor: `${formatMs(bare)} (tmux attach under a pty)`,
      ratio: formatRatio(web / bare),
      goal: '≤ 5×',
      isMet: web / bare <= 5,
      figures: {
        keyP50Ms: web,
        keyP99Ms: percentile(samples.web, 0.99),
        bareKeyP50Ms: bare,
        bareKeyP99Ms: percentile(samples.bare, 0.99),
      },
    },
  ]
}

/** What a daemon grows by in as many bursts that nobody looks at, MB. */
async function growUnseen(scratch: Scratch): Promise<number> {
  const daemon = await scratch.startDaemon()
  const request = { template: 'command', name: 'unseen', runtime: 'tmux', program: burst }
  const { run } = await daemon.client.run(request, { waitSeconds: 30 })
  const out = daemon.runFile(run ?? '', 'out')
  const before = residentMb(daemon.pid)
  for (let round = 1; round <= burstRounds; round++) {
    await daemon.client.send('unseen', { body: 'go' })
    while (statSync(out).size < round * sentBytes) {
      await sleep(20)
    }
  }
  const growth = peakMb(daemon.pid) - before
  await daemon.down({ agents: true })
  return growth
}

async function measureBurst(
  daemon: BenchDaemon,
  bare: BareTmux,
  unseenMb: number,
): Promise<Finding[]> {
  const stream = await openTerminal(daemon, 'burst', burst)
  const samples = { web: [] as number[], bare: [] as number[] }
  const events = stream[Symbol.asyncIterator]()
  let lost = 0
  const before = residentMb(daemon.pid)
  // Somebody else is there who takes nothing at all.
  const idle = await daemon.client.openTerminal('burst', { size: { cols: 80, rows: 24 } })
  await interleave(
    burstRounds,
    async () => void samples.bare.push(await bare.follow('burst')),
    async () => {
      const { seconds, bytes } = await followBurst(stream, events)
      samples.web.push(seconds)
      lost += Math.abs(bytes - sentBytes)
    },
  )
  const growth = peakMb(daemon.pid) - before
  idle.close()
  stream.close()
  const pace = (seconds: number): number => burstBytes / 1e6 / seconds
  const [web, control] = [pace(median(samples.web)), pace(median(samples.bare))]
  return [
    {
      what: 'terminal: burst of 49 MB through the WebSocket',
      measured: `${web.toFixed(1)} MB/s, ${lost} bytes lost`,
      floor: `${control.toFixed(1)} MB/s (bare control mode)`,
      ratio: formatRatio(web / control),
      goal: `≥ ${leastShare}×, none lost`,
      isMet: web / control >= leastShare && lost === 0,
      figures: { burstMbPerSecond: web, bareBurstMbPerSecond: control, lostBytes: lost },
    },
    {
      what: 'terminal: growth of the daemon in three such bursts, with one who takes nothing',
      measured: `${growth.toFixed(0)} MB`,
      floor: `${unseenMb.toFixed(0)} MB (nobody looks)`,
      ratio: '',
      goal: `≤ ${mostAddedMb} MB more`,
      isMet: growth <= unseenMb + mostAddedMb,
      figures: { growthMb: growth, unseenGrowthMb: unseenMb },
    },
  ]
}

async function openTerminal(
  daemon: BenchDaemon,
  name: string,
  program: [string, ...string[]],
): Promise<TerminalStream> {
  const request = { template: 'command', name, runtime: 'tmux', program }
  await daemon.client.run(request, { waitSeconds: 30 })
  return await daemon.client.openTerminal(name, { size: { cols: 80, rows: 24 } })
}

/** Lets it burst, and has all of it. */
async function followBurst(
  stream: TerminalStream,
  events: AsyncIterator<TerminalEvent>,
): Promise<{ seconds: number; bytes: number }> {
  stream.write('\r')
  const begun = performance.now()
  let bytes = 0
  let rest = ''
  for (;;) {
    const { value } = await events.next()
    if (!value) {
      throw new Error('The terminal is gone.')
    }
    if (value.type === 'output') {
      bytes += value.bytes.length
      rest = (rest + Buffer.from(value.bytes.subarray(-5)).toString()).slice(-5)
      if (rest === 'END\r\n') {
        return { seconds: (performance.now() - begun) / 1000, bytes }
      }
    }
  }
}

async function untilEnd(output: NodeJS.ReadableStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let rest = ''
  const take = (chunk: Buffer): void => {
    const text = rest + chunk.toString('latin1')
    rest = text.slice(-10)
    if (text.includes('END')) {
      resolve()
    }
  }
  output.on('data', take)
  await promise
  output.off('data', take)
}

/** The most that a process ever had in memory, MB. Source: proc(5). */
function peakMb(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

function must<T>(value: T | null): T {
  if (value === null) {
    throw new Error('A program has no pipes.')
  }
  return value
}
