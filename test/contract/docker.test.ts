import { afterAll, beforeAll, describe } from 'vitest'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importBaseImage } from '../support/docker-images.ts'
import { describeRuntime } from './describe-runtime.ts'
import { dockerCase } from './docker-case.ts'

let engine: DockerEngine
let image: string
beforeAll(async () => {
  engine = await DockerEngine.start()
  image = await importBaseImage(engine)
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

describe.skipIf(!canRunDocker)('with an engine', () => {
  describeRuntime('docker', async () => dockerCase(engine, { container: { image } }), {
    canBeUnknown: false,
    canSuspend: true,
  })
})
