import { afterAll, beforeAll, describe } from 'vitest'
import { DockerEngine } from '../support/docker-engine.ts'
import { describeRuntime, type RuntimeCase } from './describe-runtime.ts'
import { dockerCase } from './docker-case.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start()
  await engine.run(['import', process.env['DROVER_TEST_SYSTEMD'] ?? '', 'drover-test'])
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

const prepare = async (): Promise<RuntimeCase> => dockerCase(engine, 'drover-test')

describe('with an engine', () => {
  describeRuntime('docker', prepare, { canBeUnknown: false })
})
