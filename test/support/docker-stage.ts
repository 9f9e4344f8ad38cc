import { afterAll, beforeAll } from 'vitest'
import { canRunDocker, DockerEngine } from './docker-engine.ts'
import { importSmallImage } from './docker-images.ts'
import { requireOrSkip } from './real-programs.ts'

/** `test` where an engine of a test's own can be had. */
export const testWithDocker = requireOrSkip('docker', canRunDocker)

/** A container as the engine tells of it. */
export interface SeenContainer {
  id: string
  name: string
  /** `running`, `exited`, … */
  state: string
}

export interface DockerStage {
  readonly engine: DockerEngine
  /** Name of the small image that it has. */
  readonly image: string
  /** Those of a home, running or not. */
  containersOf(instance: string): Promise<SeenContainer[]>
}

/** The one engine of a test file, with an image; it goes with the file. */
export function stageDocker(args?: readonly string[]): DockerStage {
  let engine: DockerEngine | undefined
  let image = ''
  beforeAll(async () => {
    if (canRunDocker) {
      engine = await DockerEngine.start(args ? { args } : {})
      image = await importSmallImage(engine)
    }
  }, 120_000)
  afterAll(async () => await engine?.[Symbol.asyncDispose](), 120_000)
  return {
    get engine() {
      return engine!
    },
    get image() {
      return image
    },
    containersOf: async (instance) => {
      const filter = `label=drover.instance=${instance}`
      const format = '{{.ID}} {{.Names}} {{.State}}'
      const argv = ['ps', '-a', '--no-trunc', '--filter', filter, '--format', format]
      const lines = (await engine!.run(argv)).split('\n').filter(Boolean)
      return lines.map((line) => {
        const [id = '', name = '', state = ''] = line.split(' ')
        return { id, name, state }
      })
    },
  }
}
