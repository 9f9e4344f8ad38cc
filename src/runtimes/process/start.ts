import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import { fileSize } from '../../util/file-size.ts'
import { bootId, identifyProcess } from '../../util/process-identity.ts'
import type { Launch } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import type { ProcessHandle } from './handle.ts'
import { markOf } from './marks.ts'

const holderScript = fileURLToPath(new URL('holder.sh', import.meta.url))

/** More bytes than this are fed by a `cat`; fewer by the shell itself, which reads byte by byte. */
export const littleInputBytes = 2048

/** Which ring tells the holder about so many new bytes. */
export function ringFor(bytes: number): 'r' | 'c' {
  return bytes <= littleInputBytes ? 'r' : 'c'
}

/** Starts the holder in a session of its own. Errors: `start_failed`. */
export async function startHolder(launch: Launch): Promise<ProcessHandle> {
  const { folder } = launch.run
  const ring = ringFor(fileSize(runFiles(folder).in))
  const child = spawn('/bin/sh', [holderScript, folder, ring, ...launch.argv], {
    cwd: launch.cwd,
    env: { ...launch.env, ...markOf(launch.run) },
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
  return { v: 1, ...(identity ?? { pid: child.pid, startTime: 'gone', bootId: bootId() }) }
}
