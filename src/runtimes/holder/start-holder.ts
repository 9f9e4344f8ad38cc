import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import { fileSize } from '../../util/file-size.ts'
import { bootId, identifyProcess, type ProcessIdentity } from '../../util/process-identity.ts'
import type { Launch } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import { markOf } from './marks.ts'
import { ringFor } from './ring-bell.ts'

/** Holds one program. */
export const holderScript = fileURLToPath(new URL('holder.sh', import.meta.url))

/** What a shell is to become. */
export interface HolderCommand {
  /** Arguments of `/bin/sh`: script first. */
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
}

/** The holder of a program that has pipes. */
export function holderCommand(launch: Launch): HolderCommand {
  const { folder } = launch.run
  const ring = ringFor(fileSize(runFiles(folder).in))
  return {
    argv: [holderScript, folder, ring, ...launch.argv],
    env: { ...launch.env, ...markOf(launch.run) },
    cwd: launch.cwd,
  }
}

/** Starts a holder in a session of its own. Errors: `start_failed`. */
export async function spawnHolder({ argv, env, cwd }: HolderCommand): Promise<ProcessIdentity> {
  const child = spawn('/bin/sh', argv, {
    cwd,
    env,
    detached: true,
    stdio: 'ignore',
  })
  child.unref()
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error]
    throw new DroverError('start_failed', `The program could not be started: ${error.message}`, {
      cause: error,
    })
  }
  return await identifyHolder(child.pid)
}

/** A holder that ended already has left its record; its identity still names it, as a dead one. */
export async function identifyHolder(pid: number): Promise<ProcessIdentity> {
  return (await identifyProcess(pid)) ?? { pid, startTime: 'gone', bootId: bootId() }
}
