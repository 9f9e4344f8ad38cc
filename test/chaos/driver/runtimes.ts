import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { findManager, findUnits } from '../../../src/runtimes/systemd/manager.ts'
import type { Home } from '../../../src/util/home.ts'
import { textOf } from './files.ts'

/** Where agents of a play live. */
export const runtimeNames = ['process', 'tmux', 'systemd', 'docker'] as const
export type RuntimeName = (typeof runtimeNames)[number]

export function isRuntimeName(name: string): name is RuntimeName {
  return runtimeNames.some((each) => each === name)
}

/** What a runtime made for a run beside its processes. */
export interface Making {
  run: string
  what: string
}

/** How long tmux may take to say what it has, ms; where it has none it says so at once. */
const answerMs = 20_000

/** Session of the daemon's own client. */
const ownSession = 'drover'

/** Whose units a daemon of this user makes. */
export const unitManager = findManager(process.env, process.getuid?.() ?? 0)

/** All that is made for runs of a home, by tmux and systemd themselves. Containers: see `ContainerHouse`. */
export async function findMakings(home: Home, instance: string): Promise<Making[]> {
  const units = await findUnits(unitManager, instance)
  return [
    ...(await findSessions(home)).map((run) => ({ run, what: 'a session of tmux' })),
    ...units.map(({ run, unit }) => ({ run, what: unit })),
  ]
}

async function findSessions(home: Home): Promise<string[]> {
  if (findTmux(home).server === null) {
    return []
  }
  const argv = ['-S', home.tmuxSocketFile, 'list-sessions', '-F', '#{session_name}']
  const list = promisify(execFile)('tmux', argv, { timeout: answerMs })
  // A server that has just ended has none.
  const { stdout } = await list.catch(() => ({ stdout: '' }))
  return stdout.split('\n').filter((name) => name !== '' && name !== ownSession)
}

export interface TmuxProcesses {
  server: number | null
  /** Clients through which daemons drive it. */
  drivers: number[]
  all: number[]
}

/** What runs of a home's own tmux; found by the kernel's word, since a stopped server has none. */
export function findTmux({ tmuxSocketFile: socket }: Home): TmuxProcesses {
  const own = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({
      pid: Number(pid),
      name: textOf(`/proc/${pid}/comm`).trim(),
      argv: textOf(`/proc/${pid}/cmdline`).split('\0'),
    }))
    .filter(({ name, argv }) => name.startsWith('tmux') && argv.includes(socket))
  const isDriver = ({ name, argv }: (typeof own)[number]): boolean =>
    name === 'tmux: client' && argv.includes('-C')
  return {
    server: own.find(({ name }) => name === 'tmux: server')?.pid ?? null,
    drivers: own.filter(isDriver).map(({ pid }) => pid),
    all: own.map(({ pid }) => pid),
  }
}
