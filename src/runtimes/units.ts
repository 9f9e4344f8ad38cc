import { fileURLToPath } from 'node:url'

/**
 * An agent as the machine's own supervisor knows it: its program is brought up at once, when the
 * machine starts, and again whenever it ends, by that and never by Drover.
 */
export interface Unit {
  /** Id of the home that owns it. */
  instance: string
  agent: { id: string; name: string }
  /** Where `begin-run.sh` finds `.launch` and puts `.begun`: an absolute path without these endings. */
  file: string
  /** Folder in which each of its runs makes its own, absolute. */
  runsFolder: string
}

/** Always-on agents, in a runtime with the capability `selfSupervised`. */
export interface Units {
  /** Whether there is a unit for it, made by us or by hand. Quick, and changes nothing. */
  isInstalled(unit: Unit): boolean
  /** Makes it, or makes it anew, and starts it. Throws DroverError `unit_failed`. */
  install(unit: Unit, signal: AbortSignal): Promise<void>
  /** Ends it and takes it away; one that is not there is fine. Throws DroverError `unit_failed`. */
  uninstall(unit: Unit, signal: AbortSignal): Promise<void>
  /** The command by which a person begins it anew: `systemctl --user restart …`. */
  restartCommand(unit: Unit): string
}

const script = fileURLToPath(new URL('begin-run.sh', import.meta.url))
const holder = fileURLToPath(new URL('holder/holder.sh', import.meta.url))

/** What a unit runs: nothing in it changes with the agent's spec, and nothing is secret. */
export function unitCommand({ file, runsFolder, instance }: Unit): [string, ...string[]] {
  return ['/usr/bin/env', '-i', '/bin/sh', script, file, runsFolder, holder, instance]
}

/** What a supervisor's next start of an agent is to be. */
export interface UnitLaunch {
  argv: readonly [string, ...string[]]
  env: Readonly<Record<string, string>>
  cwd: string
  /** One line that comes back with the run that was begun by it. */
  note: string
}

/** The lines that `begin-run.sh` reads. */
export function encodeUnitLaunch({ argv, env, cwd, note }: UnitLaunch): string {
  const line = (kind: string, text: string): string => `${kind}${text.replaceAll('\n', '\n+')}\n`
  return [
    line('i', note),
    line('d', cwd),
    ...Object.entries(env).map(([name, value]) => line('e', `${name}=${value}`)),
    ...argv.map((arg) => line('a', arg)),
    'go\n',
  ].join('')
}
