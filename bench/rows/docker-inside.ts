import { mkdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import { noEngine, startEngine } from '../docker-place.ts'
import type { Finding, Row } from '../row.ts'
import { cpuTicks, residentMb } from '../scratch.ts'
import { formatMb, formatMs, formatRatio, interleave, median } from '../statistics.ts'

/** It prints the time at which it runs, in ns: the moment of its first byte, to within microseconds. */
const program = ['/bin/date', '+%s%N'] as const
const rounds = 15
const containers = 10
const agents = 50
const mostMb = 2
const restMs = 5000
const cpuSeconds = 10

/** Agents inside containers that are there: a start beside `docker exec`, and what fifty of them take. */
export const dockerInsideRow: Row = {
  name: 'docker-inside',
  async measure(scratch): Promise<Finding[] | string> {
    await using place = await startEngine()
    if (!place) {
      return noEngine
    }
    const { engine, image } = place
    // Not the folder that the daemon's home is in: that no container sees.
    const folder = scratch.file('work')
    mkdirSync(folder)
    const volume = `${folder}:${folder}`
    for (let index = 0; index < containers; index++) {
      const name = `project-${index}`
      await engine.run(['run', '-d', '--name', name, '-v', volume, image, '/bin/sleep', '1000'])
    }
    const daemon = await scratch.startDaemon({
      env: { DOCKER_HOST: engine.host },
      config: 'admission:\n  freeBytes: 0\n  memoryPressure: 100\n  cpuPressure: 100\n',
    })
    const samples = { bare: [] as number[], started: [] as number[] }
    await interleave(
      rounds,
      async () => {
        const begun = unixMs()
        const said = await engine.run(['exec', 'project-0', ...program])
        samples.bare.push(Number(said) / 1e6 - begun)
      },
      async (round) => {
        const begun = unixMs()
        const agent = await run(daemon, { folder, name: `date-${round}`, argv: program, index: 0 })
        samples.started.push((await firstByteMs(daemon, agent)) - begun)
        await daemon.client.remove(`date-${round}`, { force: true })
      },
    )
    const ratio = median(samples.started) / median(samples.bare)
    await sleep(restMs)
    const before = residentMb(daemon.pid)
    for (let index = 0; index < agents; index++) {
      await run(daemon, { folder, name: `cat-${index}`, argv: ['/bin/cat'], index })
    }
    await sleep(restMs)
    const each = (residentMb(daemon.pid) - before) / agents
    const ticks = cpuTicks(daemon.pid)
    await sleep(cpuSeconds * 1000)
    // A tick is 10 ms, so ticks in a second are percent.
    const cpuPercent = (cpuTicks(daemon.pid) - ticks) / cpuSeconds
    // Its engine goes first.
    await daemon.down({ agents: true })
    return [
      {
        what: 'docker: run request → first byte in a container that is there, p50',
        measured: formatMs(median(samples.started)),
        floor: `${formatMs(median(samples.bare))} (\`docker exec\`, same container and program)`,
        ratio: formatRatio(ratio),
        goal: '≤ 1.3×',
        isMet: ratio <= 1.3,
        figures: { startP50Ms: median(samples.started), floorP50Ms: median(samples.bare) },
      },
      {
        what: `docker: daemon memory for each of ${agents} live agents in ${containers} containers`,
        measured: formatMb(each),
        floor: '',
        ratio: '',
        goal: `≤ ${mostMb} MB`,
        isMet: each <= mostMb,
        figures: { eachMb: each },
      },
      {
        what: `docker: daemon CPU over ${cpuSeconds} s with these`,
        measured: `${cpuPercent.toFixed(2)} % of a core`,
        floor: '',
        ratio: '',
        goal: '',
        isMet: null,
        figures: { cpuPercent },
      },
    ]
  },
}

interface InsideAgent {
  folder: string
  name: string
  argv: readonly string[]
  /** The containers take turns. */
  index: number
}

async function run(
  daemon: BenchDaemon,
  { folder, name, argv, index }: InsideAgent,
): Promise<string> {
  const agent = await daemon.client.run(
    {
      template: 'command',
      name,
      runtime: 'docker',
      dir: folder,
      container: { name: `project-${index % containers}` },
      program: [...argv],
    },
    { waitSeconds: 30 },
  )
  return agent.run ?? agent.lastRun?.id ?? ''
}

const unixMs = (): number => performance.timeOrigin + performance.now()

async function firstByteMs(daemon: BenchDaemon, runId: string): Promise<number> {
  const file = daemon.runFile(runId, 'out')
  for (;;) {
    const said = readFileSync(file, { encoding: 'utf8', flag: 'a+' })
    if (said.endsWith('\n')) {
      return Number(said) / 1e6
    }
    await sleep(2)
  }
}
