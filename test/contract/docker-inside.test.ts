import { afterAll, beforeAll, describe } from 'vitest'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { describeRuntime } from './describe-runtime.ts'
import { insideCase, runProject } from './inside-case.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start()
  await runProject(engine, { name: 'project', image: await importSmallImage(engine) })
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

describe.skipIf(!canRunDocker)('with an engine', () => {
  describeRuntime('docker, inside a container', async () => insideCase(engine), {
    canBeUnknown: false,
    canSuspend: 'elsewhere',
  })
})
