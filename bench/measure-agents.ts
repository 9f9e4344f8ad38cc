import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from './bench-daemon.ts'
import type { Finding } from './row.ts'
import { formatMb } from './statistics.ts'

const agents = 8
const restMs = 3000

/**
 * What Drover takes for each agent that lives, beside its program: what the daemon grew by, and what
 * stands around the program (its holder), shared pages by their share. Source: proc(5), smaps_rollup.
 */
export async function measureAgents(
  provider: string,
  daemon: BenchDaemon,
  begin: (name: string) => Promise<void>,
): Promise<Finding> {
  // The first of them brings what all share.
  await up(daemon, 'memory-first', begin)
  await sleep(restMs)
  const before = proportionalMb(daemon.pid)
  const names = Array.from({ length: agents }, (_, index) => `memory-${index}`)
  for (const name of names) {
    await up(daemon, name, begin)
  }
  await sleep(restMs)
  const daemonMb = (proportionalMb(daemon.pid) - before) / agents
  const shown = await Promise.all(names.map((name) => daemon.client.show(name)))
  const holders = shown.flatMap(({ run }) => (run === null ? [] : [holderOf(run)]))
  const holderMb = holders.reduce((sum, pid) => sum + proportionalMb(pid), 0) / holders.length
  const sum = daemonMb + holderMb
  return {
    what: `${provider}: memory for each live agent, beside its program`,
    measured: `${formatMb(sum)} (daemon ${formatMb(daemonMb)}, holder ${formatMb(holderMb)})`,
    floor: '',
    ratio: '',
    goal: '≤ 3 MB',
    isMet: sum <= 3,
    figures: { daemonMb, holderMb },
  }
}

async function up(
  daemon: BenchDaemon,
  name: string,
  begin: (name: string) => Promise<void>,
): Promise<void> {
  await begin(name)
  const [message] = await daemon.client.messages(name, { limit: 1 })
  if (message) {
    await daemon.client.message(message.id, { waitSeconds: 30 })
  }
}

/** The process of a run that is nobody's child of the same run: its holder. */
function holderOf(run: string): number {
  const mark = `DROVER_RUN=${run}`
  const own = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && hasMark(entry, mark))
    .map(Number)
  const holder = own.find((pid) => !own.includes(parentOf(pid)))
  if (holder === undefined) {
    throw new Error(`Run ${run} has no holder.`)
  }
  return holder
}

function hasMark(pid: string, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark)
  } catch {
    return false
  }
}

function parentOf(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1])
}

/** Memory of a process, MB; pages that others have too count by their share. */
function proportionalMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024
}
