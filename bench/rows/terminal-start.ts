import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../src/util/find-program.ts'
import type { BenchDaemon } from '../bench-daemon.ts'
import type { Finding, Row } from '../row.ts'
import type { Scratch } from '../scratch.ts'
import { formatMs, formatRatio, interleave, median } from '../statistics.ts'
import { withoutAdmission } from './memory.ts'

const crowd = 100
const rounds = 3
/** A program that makes a file and stays. */
const upScript = 'echo up >"$1"; exec sleep 1000'
const looked = 300
/** The daemon looks after its runs once in this time, ms. */
const tickMs = 5000
const ticks = 3

/** Agents at terminals: a hundred at once, beside as many sessions of a bare tmux, and what a look at many takes. */
export const terminalStartRow: Row = {
  name: 'terminal-start',
  async measure(scratch): Promise<Finding[] | string> {
    const tmux = findProgram('tmux', { searchPath: process.env['PATH'] ?? '', folder: '/' })
    if (!tmux) {
      return 'it needs tmux'
    }
    const daemon = await scratch.startDaemon(withoutAdmission)
    const bare: [string, ...string[]] = [tmux, '-S', scratch.file('tmux'), '-f', '/dev/null']
    // A server is there already, as it is for the daemon after its first agent.
    await scratch.run([...bare, 'new-session', '-d', '-s', 'first', 'sleep 1000'])
    await startAgents(daemon, [scratch.file('first')])
    try {
      return [await measureStarts(scratch, daemon, bare), await measureLooks(scratch, daemon, tmux)]
    } finally {
      await scratch.run([...bare, 'kill-server'])
    }
  },
}

async function measureStarts(
  scratch: Scratch,
  daemon: BenchDaemon,
  bare: readonly [string, ...string[]],
): Promise<Finding> {
  const samples = { bare: [] as number[], agents: [] as number[] }
  await interleave(
    rounds,
    async (round) => {
      const files = numbered(crowd, `bare-${round}`).map((name) => scratch.file(name))
      const begun = performance.now()
      await Promise.all(
        files.map(async (file) => {
          const argv = ['/bin/sh', '-c', upScript, 'sh', file]
          await scratch.run([...bare, 'new-session', '-d', '-s', path.basename(file), ...argv])
        }),
      )
      await allUp(files)
      samples.bare.push(performance.now() - begun)
    },
    async (round) => {
      const files = numbered(crowd, `agent-${round}`).map((name) => scratch.file(name))
      const begun = performance.now()
      await startAgents(daemon, files)
      await allUp(files)
      samples.agents.push(performance.now() - begun)
    },
  )
  const [floorMs, agentsMs] = [median(samples.bare), median(samples.agents)]
  return {
    what: `${crowd} agents at terminals, requested at once → all are up`,
    measured: formatMs(agentsMs),
    floor: `${formatMs(floorMs)} (${crowd} bare \`tmux new-session -d\` at once)`,
    ratio: formatRatio(agentsMs / floorMs),
    goal: '≤ 1.5×',
    isMet: agentsMs / floorMs <= 1.5,
    figures: { agentsMs, floorMs },
  }
}

/** How many commands tmux does while the daemon looks after its agents; the asking is taken off. */
async function measureLooks(scratch: Scratch, daemon: BenchDaemon, tmux: string): Promise<Finding> {
  const { length } = await daemon.client.list()
  const files = numbered(looked - length, 'more').map((name) => scratch.file(name))
  await startAgents(daemon, files)
  await allUp(files)
  const socket = path.join(daemon.home, 'tmux.sock')
  await sleep(tickMs)
  const between = async (ms: number): Promise<number> => {
    const before = countCommands(tmux, socket)
    await sleep(ms)
    return countCommands(tmux, socket) - before
  }
  const perTick: number[] = []
  for (let tick = 0; tick < ticks; tick++) {
    perTick.push((await between(tickMs)) - (await between(0)))
  }
  const commands = median(perTick)
  return {
    what: `a look at ${looked} live agents at terminals, commands to tmux`,
    measured: String(commands),
    floor: '',
    ratio: '',
    goal: 'one for all',
    isMet: commands <= 2,
    figures: { commands, agents: looked },
  }
}

/** Replies of a tmux in control mode are numbered by its commands. */
function countCommands(tmux: string, socket: string): number {
  const script = 'sleep 0.2 | "$1" -S "$2" -C list-sessions'
  const said = execFileSync('/bin/sh', ['-c', script, 'sh', tmux, socket]).toString()
  return Number(/%begin \d+ (\d+)/.exec(said)?.[1])
}

/** One for each file, which it makes once it is up, and is named after. */
async function startAgents(daemon: BenchDaemon, files: readonly string[]): Promise<void> {
  await Promise.all(
    files.map(
      async (file) =>
        await daemon.client.run({
          template: 'command',
          name: path.basename(file),
          runtime: 'tmux',
          program: ['/bin/sh', '-c', upScript, 'sh', file],
        }),
    ),
  )
}

function numbered(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}

async function allUp(files: readonly string[]): Promise<void> {
  for (const file of files) {
    while (!existsSync(file)) {
      await sleep(2)
    }
  }
}
