import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { readProcessTable } from './process-table.ts'

/**
 * What tells one process from every other, also after its pid was used again and after a reboot.
 * `startTime` is clock ticks since boot on Linux, the start date's text elsewhere.
 */
export interface ProcessIdentity {
  pid: number
  startTime: string
  bootId: string
}

let cachedBootId: string | undefined

/** An id of this boot of the machine. */
export function bootId(): string {
  cachedBootId ??= readBootId()
  return cachedBootId
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // macOS has none; a pid's start date is enough there, since it names the day.
    return 'no-boot-id'
  }
}

interface ProcessStat {
  state: string
  parent: number
  group: number
  session: number
  startTime: string
  /** Time in the processor, ticks of 10 ms. */
  cpuTicks: number
}

/** Fields of a line of /proc/PID/stat; the command may hold spaces and parentheses. Source: proc(5). */
export function parseProcessStat(line: string): ProcessStat | null {
  const begin = line.lastIndexOf(')') + 2
  const field = (index: number): string => fieldAt(line, begin, index)
  const [state, startTime] = [field(0), field(19)]
  if (!state || !startTime) {
    return null
  }
  return {
    state,
    parent: Number(field(1)),
    group: Number(field(2)),
    session: Number(field(3)),
    startTime,
    cpuTicks: Number(field(11)) + Number(field(12)),
  }
}

/** One of the words of a line; empty where there are fewer. To split all of it makes much garbage. */
function fieldAt(line: string, begin: number, index: number): string {
  let at = begin
  for (let passed = 0; passed < index; passed++) {
    const space = line.indexOf(' ', at)
    if (space < 0) {
      return ''
    }
    at = space + 1
  }
  const end = line.indexOf(' ', at)
  return line.slice(at, end < 0 ? line.length : end)
}

/** The state of a process as the kernel tells it; null when there is none, or nobody tells. Linux only. */
export function readProcessStat(pid: number): ProcessStat | null {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return null
  }
}

function identifyNow(pid: number): ProcessIdentity | null {
  const stat = readProcessStat(pid)
  return stat && stat.state !== 'Z' && stat.state !== 'X'
    ? { pid, startTime: stat.startTime, bootId: bootId() }
    : null
}

/**
 * The identity of a live process; null when there is none, or only a zombie. Rejects where nobody
 * can be asked: off Linux that is `ps`.
 */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | null> {
  if (process.platform === 'linux') {
    return identifyNow(pid)
  }
  const row = isThere(pid) ? (await readProcessTable()).find((each) => each.pid === pid) : undefined
  return row && !row.state.startsWith('Z')
    ? { pid, startTime: row.startTime, bootId: bootId() }
    : null
}

/** Whether a process has this number, which costs nothing to find out. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether that very process lives; a zombie is dead, a reused pid is somebody else. */
export async function isProcessAlive(identity: ProcessIdentity): Promise<boolean> {
  // Asked again and again of every live run, so what can be had at once is not waited for.
  const now =
    process.platform === 'linux' ? identifyNow(identity.pid) : await identifyProcess(identity.pid)
  return now !== null && now.startTime === identity.startTime && now.bootId === identity.bootId
}

/** A process that carries an environment entry asked for. */
export interface MarkedProcess {
  pid: number
  command: string
  environment: string
}

/**
 * Every live process of ours to read whose environment at exec holds `entry` (`NAME=value`, or
 * `NAME=` for any value). Linux only; elsewhere an empty list. Yields to the event loop.
 */
export async function findMarkedProcesses(entry: string): Promise<MarkedProcess[]> {
  if (process.platform !== 'linux') {
    return []
  }
  const found: MarkedProcess[] = []
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  await Promise.all(
    pids.map(async (name) => {
      const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')
      if (!`\0${environment}`.includes(`\0${entry}`)) {
        return
      }
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
      const state = parseProcessStat(stat)?.state
      if (state && state !== 'Z' && state !== 'X') {
        const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
        found.push({ pid: Number(name), command, environment })
      }
    }),
  )
  return found
}

/** The value of a variable in a block read from /proc/PID/environ; undefined when it is not there. */
export function environmentValue(block: string, name: string): string | undefined {
  const entry = block.split('\0').find((candidate) => candidate.startsWith(`${name}=`))
  return entry?.slice(name.length + 1)
}

/** Sends a signal; a process or group that is gone already is no error. A negative pid is a group. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error
    }
  }
}
