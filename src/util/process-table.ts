import { execFile } from 'node:child_process'

/** A process as `ps` tells of it, which every system has. */
export interface ProcessRow {
  pid: number
  /** Whose it is: the effective user. */
  uid: number
  /** Its process group. */
  group: number
  state: string
  /** The date of its start, to the second. */
  startTime: string
  /** Its arguments with spaces between them. */
  command: string
}

/** How long `ps` may take, ms. */
const answerMs = 10_000

let scan: { result: Promise<ProcessRow[]>; hasBegun: boolean } | undefined

/**
 * All processes of the machine. Calls that come before a scan begins share it: a look at fifty agents
 * is one `ps`, not fifty. Rejects when `ps` can't be run, for that is not an empty machine.
 */
export function readProcessTable(): Promise<ProcessRow[]> {
  if (!scan || scan.hasBegun) {
    const next = { hasBegun: false, result: Promise.resolve<ProcessRow[]>([]) }
    next.result = Promise.resolve().then(async () => {
      next.hasBegun = true
      return parseProcessTable(await runPs())
    })
    scan = next
  }
  return scan.result
}

const columns = ['pid', 'uid', 'pgid', 'stat', 'lstart', 'command'].flatMap((name) => [
  '-o',
  `${name}=`,
])

async function runPs(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  // A date must be the same text for every daemon, whatever its language and its zone.
  const env = { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' }
  execFile(
    'ps',
    ['-A', '-ww', ...columns],
    { env, timeout: answerMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 },
    (error, stdout) => (error ? reject(error) : resolve(stdout)),
  )
  return await promise
}

const row = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+[\d:]+\s+\d+)(?: (.*))?$/

export function parseProcessTable(text: string): ProcessRow[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, uid, group, state = '', startTime = '', command = ''] = row.exec(line) ?? []
    return pid === undefined
      ? []
      : [{ pid: Number(pid), uid: Number(uid), group: Number(group), state, startTime, command }]
  })
}

/** The processes of a group that live; a zombie does not. */
export async function findGroup(group: number): Promise<ProcessRow[]> {
  const all = await readProcessTable()
  return all.filter((each) => each.group === group && !each.state.startsWith('Z'))
}
