import { fileURLToPath } from 'node:url'
import type { AgentLimits } from '../schema/agent-limits.ts'
import type { Launch } from './contract.ts'
import { encodeLaunchLines, type LaunchLines } from './launch-lines.ts'

/**
 * An agent as the machine's own supervisor knows it: its program is brought up at once, when the
 * machine starts, and again whenever it ends, by that and never by Drover.
 */
export interface Unit {
  /** Id of the home that owns it. */
  instance: string
  agent: { id: string; name: string }
  /** Where `begin-run.sh` finds `.launch` and puts `.RUN.begun`: an absolute path without these endings. */
  file: string
  /** Folder in which each of its runs makes its own, absolute. */
  runsFolder: string
  /** What all of it may use at most; counts when it is made. */
  limits: AgentLimits
}

/** Always-on agents, in a runtime with the capability `selfSupervised`. */
export interface Units {
  /** Whether there is a unit for it, made by us or by hand. Quick, and changes nothing. */
  isInstalled(unit: Unit): boolean
  /** Makes it, or makes it anew, and starts it. Throws DroverError `unit_failed`. */
  install(unit: Unit, signal: AbortSignal): Promise<void>
  /** Ends it and takes it away; one that is not there is fine. Throws DroverError `unit_failed`. */
  uninstall(unit: Unit, signal: AbortSignal): Promise<void>
  /**
   * The argv that puts a program under those of its limits that a unit can't keep. Left out where a
   * unit keeps all that the runtime does not refuse. Throws DroverError `unsupported`.
   */
  limitArgv?(
    launch: Pick<Launch, 'argv' | 'limits' | 'reservedBytes'>,
    signal: AbortSignal,
  ): Promise<Launch['argv']>
  /** The command by which a person begins it anew: `systemctl --user restart …`. */
  restartCommand(unit: Unit): string
}

/** What a supervisor calls it, without an ending: agents of two homes may have one name. */
export function unitName({ agent, instance }: Pick<Unit, 'agent' | 'instance'>): string {
  return `drover-agent-${agent.name}-${instance}`
}

const script = fileURLToPath(new URL('begin-run.sh', import.meta.url))
const holder = fileURLToPath(new URL('holder/holder.sh', import.meta.url))

/** What a unit runs: nothing in it changes with the agent's spec, and nothing is secret. */
export function unitCommand({ file, runsFolder, instance }: Unit): [string, ...string[]] {
  return ['/usr/bin/env', '-i', '/bin/sh', script, file, runsFolder, holder, instance]
}

/** What a supervisor's next start of an agent is to be; the note comes back with the run. */
export type UnitLaunch = Required<LaunchLines> & { argv: readonly [string, ...string[]] }

/** The lines that `begin-run.sh` reads. */
export function encodeUnitLaunch(launch: UnitLaunch): string {
  return encodeLaunchLines(launch)
}
