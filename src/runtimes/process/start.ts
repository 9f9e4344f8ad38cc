import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { DroverError } from '../../schema/error.ts'
import { bootId, identifyProcess, type ProcessIdentity } from '../../util/process-identity.ts'
import type { Launch } from '../contract.ts'
import { holderCommand, type HolderCommand } from '../holder/holder-command.ts'
import type { ProcessHandle } from './handle.ts'
import type { SpareShells } from './spare-shells.ts'

/** Starts the holder in a session of its own, from a spare shell if there is one. Errors: `start_failed`. */
export async function startHolder(launch: Launch, spares: SpareShells): Promise<ProcessHandle> {
  const command = holderCommand(launch)
  const spare = await spares.use(command)
  return { v: 1, ...(spare ?? (await spawnHolder(command))) }
}

async function spawnHolder({ argv, env, cwd }: HolderCommand): Promise<ProcessIdentity> {
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
  // A holder that ended already has left its record; the handle still names it, as a dead one.
  const identity = await identifyProcess(child.pid)
  return identity ?? { pid: child.pid, startTime: 'gone', bootId: bootId() }
}
