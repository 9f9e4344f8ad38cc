import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import { unitCommand, type Unit, type Units } from '../../src/runtimes/units.ts'
import { findMarkedProcesses, sendSignal } from '../../src/util/process-identity.ts'
import { waitFor } from './wait-for.ts'

/** A supervisor as small as can be: begins its program again as long as its file is there. */
const loop = 'while [ -e "$0" ]; do setsid -w "$@"; sleep 0.05; done'

/** Programs of this machine; a shell is the supervisor of those that are always on. It outlives daemons. */
export class LoopRuntime extends ProcessRuntime {
  override readonly capabilities = { ...new ProcessRuntime().capabilities, selfSupervised: true }
  readonly units: Units

  /** `folder` holds its units, one file each, with the pid of the shell. */
  constructor(folder: string) {
    super()
    mkdirSync(folder, { recursive: true })
    const fileOf = ({ agent }: Unit): string => path.join(folder, `${agent.name}.unit`)
    this.units = {
      isInstalled: (unit) => existsSync(fileOf(unit)),
      install: async (unit) => beginLoop(fileOf(unit), unit),
      uninstall: async (unit) => await endLoop(fileOf(unit), unit),
      restartCommand: ({ agent }) => `restart ${agent.name}`,
    }
  }
}

/** Puts the unit's file down and starts its shell: what a person does by hand, too. */
export function beginLoop(file: string, unit: Unit): void {
  writeFileSync(file, '')
  const child = spawn('/bin/sh', ['-c', loop, file, ...unitCommand(unit)], {
    detached: true,
    stdio: 'ignore',
    env: { LEAK: 'of the supervisor', PATH: '/usr/bin:/bin' },
  })
  child.unref()
  writeFileSync(file, String(child.pid))
}

/** Takes the unit away and ends what it began; nothing where there is none. */
async function endLoop(file: string, { instance }: Unit): Promise<void> {
  if (!existsSync(file)) {
    return
  }
  const pid = Number(readFileSync(file, 'utf8'))
  rmSync(file)
  sendSignal(-pid, 'SIGKILL')
  await waitFor('its program to be gone', async () => {
    const marked = await findMarkedProcesses(`DROVER_INSTANCE=${instance}`)
    marked.forEach((each) => sendSignal(each.pid, 'SIGKILL'))
    return marked.length === 0
  })
}
