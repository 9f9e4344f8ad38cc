import { statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import { bootId } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type { Launch } from '../contract.ts'
import { becomeScript, writeBecomeFile } from '../holder/become-file.ts'
import { holderCommand } from '../holder/start-holder.ts'
import type { SystemdHandle } from './handle.ts'
import { callTool, isUnitThere, type Manager } from './manager.ts'
import { readUnitNote, unitFiles } from './unit-files.ts'
import { unitName } from './unit-name.ts'

const unitScript = fileURLToPath(new URL('unit.sh', import.meta.url))
const endedScript = fileURLToPath(new URL('ended.sh', import.meta.url))

/** How long a unit that systemd has started may take to say who it is, ms. */
const sayDeadlineMs = 10_000

/** How long what a run leaves behind may take to end by TERM, s; also when the machine goes down. */
const leftoverGraceS = 10

/**
 * Starts a run's unit and resolves once its main process said who it is. `properties` are its limits.
 * Errors: `start_failed`.
 */
export async function startUnit(
  manager: Manager,
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
    `ExecStopPost=/bin/sh ${[endedScript, run.folder].map(quote).join(' ')}`,
    ...properties,
  ]
  const unit = unitName(run)
  const { code, stderr } = await callTool(
    manager,
    [
      'systemd-run',
      '--quiet',
      '--no-ask-password',
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
  manager: Manager,
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

/** In commands of units a `$` begins a variable, doubled it is itself. Source: systemd.service(5). */
function keepDollars(word: string): string {
  return word.replaceAll('$', '$$$$')
}

/** One word of a command line of systemd. Source: systemd.syntax(7). */
function quote(word: string): string {
  const text = keepDollars(word).replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
  return `"${text}"`
}
