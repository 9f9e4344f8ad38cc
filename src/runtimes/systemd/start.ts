import { statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import { bootId } from '../../util/process-identity.ts'
import { keepDollars, quoteWord } from '../../util/systemd-words.ts'
import { waitUntil } from '../../util/wait.ts'
import { callSystemd, type SystemdManager } from '../../util/systemd-manager.ts'
import type { Launch } from '../contract.ts'
import { becomeScript, writeBecomeFile } from '../holder/become-file.ts'
import { holderCommand } from '../holder/start-holder.ts'
import type { SystemdHandle } from './handle.ts'
import { isUnitThere } from './manager.ts'
import { readUnitNote, unitFiles } from './unit-files.ts'
import { unitName } from './unit-name.ts'

const unitScript = fileURLToPath(new URL('unit.sh', import.meta.url))
const endedScript = fileURLToPath(new URL('ended.sh', import.meta.url))

/** How long a unit may take to say who it is, on a machine that is busy, ms. */
const sayDeadlineMs = 60_000

/** How long what a run leaves behind may take to end by TERM, s; also when the machine goes down. */
const leftoverGraceS = 10

/**
 * Starts a run's unit and resolves once its main process said who it is. `properties` are its limits.
 * Errors: `start_failed`.
 */
export async function startUnit(
  manager: SystemdManager,
  { launch, properties, signal }: { launch: Launch; properties: string[]; signal: AbortSignal },
): Promise<SystemdHandle> {
  const { run } = launch
  checkFolder(launch.cwd)
  const files = unitFiles(run.folder)
  await rm(files.unit, { force: true })
  writeBecomeFile(files.launch, holderCommand(launch))
  const all = [
    'Type=simple',
    'CollectMode=inactive-or-failed',
    'StandardInput=null',
    'StandardOutput=null',
    'StandardError=null',
    `TimeoutStopSec=${leftoverGraceS}`,
    `ExecStopPost=/bin/sh ${[endedScript, run.folder].map(keepDollars).map(quoteWord).join(' ')}`,
    ...properties,
  ]
  const unit = unitName(run)
  const { code, stderr } = await callSystemd(
    manager,
    [
      'systemd-run',
      '--quiet',
      '--no-ask-password',
      // Its own word is waited for: of a job systemd may forget to tell, as when it reads units anew.
      '--no-block',
      `--unit=${unit}`,
      `--description=Drover run ${run.id}`,
      ...all.map((property) => `--property=${property}`),
      '--',
      '/bin/sh',
      ...[unitScript, becomeScript, run.folder].map(keepDollars),
    ],
    { signal },
  )
  if (code !== 0) {
    throw failed(`systemd did not start it: ${stderr || 'no answer in time'}`)
  }
  return await identifyUnit(manager, { launch, unit, signal })
}

/** Who runs now, as the unit wrote it down. */
async function identifyUnit(
  manager: SystemdManager,
  { launch, unit, signal }: { launch: Launch; unit: string; signal: AbortSignal },
): Promise<SystemdHandle> {
  const { run } = launch
  await waitUntil(() => readUnitNote(run) !== null || !isUnitThere(manager, unit), {
    deadlineMs: sayDeadlineMs,
    signal,
  })
  const note = readUnitNote(run)
  if (!note) {
    throw failed('its unit ended before it began; `journalctl` may know why')
  }
  const { pid, startTime, invocationId } = note
  return { v: 1, unit, invocationId, pid, startTime, bootId: bootId() }
}

function checkFolder(folder: string): void {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw failed(`there is no folder ${folder}`)
  }
}

function failed(why: string): DroverError {
  return new DroverError('start_failed', `The program could not be started: ${why}.`)
}
