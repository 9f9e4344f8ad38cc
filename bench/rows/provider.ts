import { once } from 'node:events'
import { accessSync, constants, writeFileSync } from 'node:fs'
import type { Provider } from '../../src/providers/contract.ts'
import { startBare, type BareProgram, type Marks } from '../bare-program.ts'
import type { BenchDaemon } from '../bench-daemon.ts'
import { followAgents, type AgentEvents } from '../follow-agents.ts'
import { measureAgents } from '../measure-agents.ts'
import { built, program } from '../places.ts'
import type { Finding, Row } from '../row.ts'
import type { Scratch } from '../scratch.ts'
import { formatMs, formatRatio, interleave, median } from '../statistics.ts'

const starts = 11
const turns = 40
const warmUp = 2
const prompt = 'say something short'

/** A real program that a provider drives. */
interface BenchedProgram {
  name: 'claude' | 'codex'
  /** Says where it is. */
  variable: string
  upstream: 'anthropic' | 'openai'
  marks: Marks
  options: (scratch: Scratch) => Record<string, unknown>
}

/** Claude Code over stream-json. */
export const claudeRow = providerRow({
  name: 'claude',
  variable: 'DROVER_BENCH_CLAUDE',
  upstream: 'anthropic',
  marks: { text: '"text_delta"', turnEnd: '"type":"result"' },
  // One folder for all: the first start of a folder does more than the others.
  options: (scratch) => ({ configDir: scratch.file('config') }),
})

/** Codex over its app-server protocol. */
export const codexRow = providerRow({
  name: 'codex',
  variable: 'DROVER_BENCH_CODEX',
  upstream: 'openai',
  marks: { text: '"item/agentMessage/delta"', turnEnd: '"turn/completed"' },
  options: () => ({}),
})

/**
 * A real program against a scripted model: through Drover, and bare with the same arguments, files and
 * environment; and what memory Drover takes for each that lives.
 */
function providerRow(benched: BenchedProgram): Row {
  const { name, variable } = benched
  return {
    name,
    async measure(scratch): Promise<Finding[] | string> {
      const programPath = process.env[variable]
      if (!programPath || !isExecutable(programPath)) {
        return `set ${variable} to the path of ${name}`
      }
      const stage = await createStage(scratch, benched, programPath)
      const turnTimes = await timeTurns(stage)
      const startTimes = await timeStarts(stage)
      stage.events.close()
      await stage.daemon.destroy()
      // One that has done nothing yet: what the turns left behind would be counted otherwise.
      const daemon = await scratch.startDaemon({ config: stage.config })
      const memory = await measureAgents(name, daemon, (agent) =>
        begin({ ...stage, daemon }, agent),
      )
      return [startFinding(name, startTimes), turnFinding(name, turnTimes), memory]
    },
  }
}

interface Stage {
  scratch: Scratch
  benched: BenchedProgram
  daemon: BenchDaemon
  config: string
  events: AgentEvents
  options: Record<string, unknown>
  bare: (name: string) => Promise<BareProgram>
}

/** Milliseconds, of one sample each. */
interface Times {
  drover: number[]
  bare: number[]
}

async function createStage(
  scratch: Scratch,
  benched: BenchedProgram,
  programPath: string,
): Promise<Stage> {
  const { name, upstream, marks } = benched
  const module = (await import(built(`providers/${name}/index.js`))) as Record<string, Provider>
  const provider = module[`${name}Provider`]!
  const keyFile = scratch.file('key')
  writeFileSync(keyFile, 'no-key\n', { mode: 0o600 })
  const endpoint = { url: await startModel(scratch), keyFile, model: 'scripted' }
  const upstreams = { [upstream]: endpoint }
  const options = benched.options(scratch)
  const settings = { providers: { [name]: { path: programPath } }, gateway: { upstreams } }
  // Each JSON value is a YAML value.
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
  const config = lines.join('')
  const daemon = await scratch.startDaemon({ config })
  return {
    scratch,
    benched,
    daemon,
    config,
    events: followAgents(daemon),
    options,
    bare: async (agent) =>
      await startBare(scratch, { provider, marks, name: agent, upstreams, programPath, options }),
  }
}

/** One session each, turn by turn. */
async function timeTurns(stage: Stage): Promise<Times> {
  const { daemon, events } = stage
  const times: Times = { drover: [], bare: [] }
  const bare = await stage.bare('bare-turns')
  await bare.turn(prompt)
  const first = events.turnEnd('turns')
  await begin(stage, 'turns')
  await first
  await interleave(
    turns,
    async (round) => await time(times.bare, round, () => bare.turn(prompt)),
    async (round) =>
      await time(times.drover, round, () =>
        Promise.all([events.turnEnd('turns'), daemon.client.send('turns', { body: prompt })]),
      ),
  )
  bare.end()
  await daemon.client.sleep('turns', { waitSeconds: 10 })
  return times
}

/** From nothing to the first text. */
async function timeStarts(stage: Stage): Promise<Times> {
  const { daemon, events } = stage
  const times: Times = { drover: [], bare: [] }
  await interleave(
    starts,
    async (round) => {
      const started: { bare?: BareProgram } = {}
      await time(times.bare, round, async () => {
        started.bare = await stage.bare(`bare-${round}`)
        await started.bare.firstText(prompt)
      })
      started.bare?.end()
      await started.bare?.ended
    },
    async (round) => {
      const name = `start-${round}`
      const ended = events.turnEnd(name)
      await time(times.drover, round, () =>
        Promise.all([events.firstText(name), begin(stage, name)]),
      )
      await ended
      await daemon.client.sleep(name, { waitSeconds: 10 })
    },
  )
  return times
}

async function time(samples: number[], round: number, work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now()
  await work()
  if (round >= warmUp) {
    samples.push(performance.now() - begun)
  }
}

async function begin({ daemon, benched, options }: Stage, name: string): Promise<void> {
  await daemon.client.run({ template: benched.name, name, prompt, options })
}

function startFinding(name: string, times: Times): Finding {
  const [drover, bare] = [median(times.drover), median(times.bare)]
  return {
    what: `${name}: start → first text`,
    measured: formatMs(drover),
    floor: `${formatMs(bare)} (bare)`,
    ratio: formatRatio(drover / bare),
    goal: '≤ 1.05×',
    isMet: drover / bare <= 1.05,
    figures: { startMs: drover, bareStartMs: bare },
  }
}

/** What Drover adds to a turn: a share of it, or so little that nobody notices. */
function turnFinding(name: string, times: Times): Finding {
  const [drover, bare] = [median(times.drover), median(times.bare)]
  const addedMs = drover - bare
  return {
    what: `${name}: a turn of a live session, p50`,
    measured: formatMs(drover),
    floor: `${formatMs(bare)} (bare)`,
    ratio: `+${formatMs(addedMs)}, ${formatRatio(drover / bare)}`,
    goal: '≤ 1.05×, or ≤ +15 ms',
    isMet: drover / bare <= 1.05 || addedMs <= 15,
    figures: { turnMs: drover, bareTurnMs: bare },
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function startModel(scratch: Scratch): Promise<string> {
  const child = scratch.spawn([process.execPath, program('model'), built('testing/index.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (!child.stdout) {
    throw new Error('The model server has no output.')
  }
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return said.toString().trim()
}
