import { readFile } from 'node:fs/promises'
import {
  environmentValue,
  findMarkedProcesses,
  type MarkedProcess,
} from '../../util/process-identity.ts'
import { readProcessTable } from '../../util/process-table.ts'
import type { RunReference } from '../contract.ts'

/** What every process of a run carries in its environment, and so do its children, wherever they go. */
export function markOf(run: RunReference): Record<string, string> {
  return { DROVER_INSTANCE: run.instance, DROVER_RUN: run.id }
}

export interface MarkedRunProcess extends MarkedProcess {
  run: string
}

let scan: { instance: string; result: Promise<MarkedRunProcess[]>; hasBegun: boolean } | undefined

/**
 * Every live process that carries the mark of this home. Calls that come before a scan begins share
 * it, so ending fifty runs at once reads the process table once, not fifty times.
 */
export function findInstanceProcesses(instance: string): Promise<MarkedRunProcess[]> {
  if (!scan || scan.instance !== instance || scan.hasBegun) {
    const next = { instance, hasBegun: false, result: Promise.resolve<MarkedRunProcess[]>([]) }
    next.result = Promise.resolve().then(async () => {
      next.hasBegun = true
      const found = await findMarkedProcesses(`DROVER_INSTANCE=${instance}`)
      return found.map((each) => ({
        ...each,
        run: environmentValue(each.environment, 'DROVER_RUN') ?? '',
      }))
    })
    scan = next
  }
  return scan.result
}

export async function findRunProcesses(run: RunReference): Promise<MarkedRunProcess[]> {
  return (await findInstanceProcesses(run.instance)).filter((each) => each.run === run.id)
}

/** What holds programs: scripts, each with the run's folder as its first argument. */
const holderScripts = ['holder.sh', 'terminal.sh'] as const

/** Whether a process is one of the holder's own shells, which record the ending and die last. */
export async function isHolderProcess(pid: number, run: RunReference): Promise<boolean> {
  return await isScript(pid, holderScripts, run)
}

/** Whether a holder's program has a terminal. */
export async function holdsTerminal(pid: number, run: RunReference): Promise<boolean> {
  return await isScript(pid, ['terminal.sh'], run)
}

async function isScript(
  pid: number,
  scripts: readonly string[],
  run: RunReference,
): Promise<boolean> {
  if (process.platform !== 'linux') {
    const row = (await readProcessTable()).find((each) => each.pid === pid)
    return row !== undefined && scripts.some((script) => isCommandOf(row.command, script, run))
  }
  const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  return scripts.some((script) => argv[1]?.endsWith(`/${script}`)) && argv[2] === run.folder
}

/** The same by what `ps` tells of it, which is all there is on other systems. */
export function isHolderCommand(command: string, run: RunReference): boolean {
  return holderScripts.some((script) => isCommandOf(command, script, run))
}

function isCommandOf(command: string, script: string, { folder }: RunReference): boolean {
  return command.includes(`/${script} ${folder} `)
}
