import { afterAll, beforeAll, describe } from 'vitest'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importBaseImage } from '../support/docker-images.ts'
import { describeTerminal } from './describe-terminal.ts'
import { dockerCase } from './docker-case.ts'

/** Kills the server inside; `/proc` tells by its name which one that is. */
const killServer =
  'for each in /proc/[0-9]*; do case $(cat "$each/comm") in tmux*) kill -KILL "${each##*/}";; esac; done'

describe.skipIf(!canRunDocker)('with an engine', () => {
  let engine: DockerEngine
  let image: string
  beforeAll(async () => {
    engine = await DockerEngine.start()
    image = await importBaseImage(engine)
  }, 120_000)
  afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

  describeTerminal('docker', async () => ({
    ...dockerCase(engine, { container: { image } }),
    // The last is the image's own.
    addedVariables: [...dockerCase(engine).addedVariables, 'LANG'],
    breakTerminals: async () => {
      for (const id of (await engine.run(['ps', '-q'])).split('\n').filter(Boolean)) {
        await engine.call(['exec', id, '/bin/sh', '-c', killServer])
      }
    },
  }))
})
