import { afterAll, beforeAll, expect } from 'vitest'
import { boxFaultPoints, doorFaultPoints, wallFaultPoints } from '../../src/daemon/fault-point.ts'
import { playCrash } from '../support/crash-story.ts'
import { canRunDocker, type DockerEngine } from '../support/docker-engine.ts'
import { importBaseImage } from '../support/docker-images.ts'
import { NetworkMachine } from '../support/network-machine.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { waitFor } from '../support/wait-for.ts'

const canWall = canRunDocker && ['nft', 'ip', 'nsenter'].every(hasProgram)

let machine: NetworkMachine
let engine: DockerEngine
let image: string
beforeAll(async () => {
  if (canWall) {
    machine = await NetworkMachine.create()
    engine = await machine.startEngine()
    image = await importBaseImage(engine)
  }
}, 120_000)
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]()
  await machine?.[Symbol.asyncDispose]()
}, 60_000)

/** Networks and tables of any daemon. */
async function walls(): Promise<string[]> {
  const networks = await engine.run(['network', 'ls', '--format', '{{.Name}}'])
  return [...networks.split('\n'), ...(await machine.tables())].filter((line) =>
    line.includes('drover'),
  )
}

requireOrSkip('docker', canWall).each([...wallFaultPoints, ...doorFaultPoints, ...boxFaultPoints])(
  'a daemon of an agent behind walls that is killed at %s loses nothing, and leaves none standing',
  { timeout: 120_000 },
  async (fault) => {
    await playCrash({
      fault,
      launcher: machine.launcher,
      env: { DOCKER_HOST: engine.host },
      // A machine under load keeps no agent waiting.
      config: { admission: { cpuPressure: 100, memoryPressure: 100 } },
      request: { runtime: 'docker', network: 'local', container: { image } },
      check: async () => expect(await walls()).toHaveLength(3),
    })
    await waitFor('the walls to be gone', async () => (await walls()).length === 0)
  },
)
