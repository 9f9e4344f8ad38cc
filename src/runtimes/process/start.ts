import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import { fileSize } from '../../util/file-size.ts'
import { bootId, identifyProcess, type ProcessIdentity } from '../../util/process-identity.ts'
import type { Launch } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import type { ProcessHandle } from './handle.ts'
import { markOf } from './marks.ts'
import type { SpareCommand, SpareShells } from './spare-shells.ts'

const holderScript = fileURLToPath(new URL('holder.sh', import.meta.url))

/** More bytes than this are fed by a `cat`; fewer by the shell itself, which reads byte by byte. */
export const littleInputBytes = 2048

/** Which ring tells the holder about so many new bytes. */
export function ringFor(bytes: number): 'r' | 'c' {
  return bytes <= littleInputBytes ? 'r' : 'c'
}

/** Starts the holder in a session of its own, from a spare shell if there is one. Errors: `start_failed`. */
export async function startHolder(launch: Launch, spares: SpareShells): Promise<ProcessHandle> {
  const { folder } = launch.run
  const ring = ringFor(fileSize(runFiles(folder).in))
  const command = {
    argv: [holderScript, folder, ring, ...launch.argv],
    env: { ...launch.env, ...markOf(launch.run) },
    cwd: launch.cwd,
  }
  const spare = await spares.use(command)
  return { v: 1, ...(spare ?? (await spawnHolder(command))) }
}

async function spawnHolder({ argv, env, cwd }: SpareCommand): Promise<ProcessIdentity> {
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
