import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Handle, Launch } from '../../src/runtimes/contract.ts'
import type { DockerEngine } from '../support/docker-engine.ts'

const fixture = fileURLToPath(new URL('../fixtures/inside-daemon.ts', import.meta.url))

/** A process of its own that starts a run inside of a container and carries what it says, as a daemon does. */
export async function spawnCourier(
  engine: DockerEngine,
  launch: Launch,
): Promise<{ handle: Handle; kill: () => Promise<void> }> {
  const usedFile = path.join(engine.folder, 'used')
  const child = spawn(process.execPath, [fixture, engine.host, usedFile, JSON.stringify(launch)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    handle: JSON.parse(line) as Handle,
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
