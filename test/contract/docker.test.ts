import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import type { DockerHandle } from '../../src/runtimes/docker/handle.ts'
import { DockerRuntime } from '../../src/runtimes/docker/index.ts'
import { DockerEngine } from '../support/docker-engine.ts'
import { importBaseImage } from '../support/docker-images.ts'
import { describeRuntime, type RuntimeCase } from './describe-runtime.ts'
import { greedyShellPrograms, shellPrograms } from './runtime-programs.ts'

let engine: DockerEngine
let image: string
beforeAll(async () => {
  engine = await DockerEngine.start()
  image = await importBaseImage(engine)
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

async function prepare(): Promise<RuntimeCase> {
  return {
    createRuntime: () =>
      new DockerRuntime({
        env: { DOCKER_HOST: engine.host },
        usedFile: path.join(engine.folder, 'used'),
      }),
    programs: shellPrograms,
    // The last is the image's own.
    addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_', 'HOME', 'USER', 'LOGNAME', 'HOSTNAME', 'LANG'],
    many: 12,
    isEndingChildren: true,
    boxOf: ({ id, instance }, folder) => {
      const home = path.join(folder, `${id}-home`)
      mkdirSync(home, { recursive: true })
      return {
        agent: { id: id.replace('run', 'agent'), instance, folder: path.join(folder, `${id}-box`) },
        container: {
          image,
          mounts: [],
          readOnly: false,
          tmpfs: [],
          capAdd: [],
          newPrivileges: false,
          engineSocket: false,
        },
        ownFolders: [home],
        folders: [folder],
        readOnlyFolders: [],
        home,
      }
    },
    impostors: (handle) => [
      { ...handle, startedAt: '2020-01-01T00:00:00.000000000Z' },
      { ...handle, container: '0'.repeat(64) },
    ],
    vanish: async (_, handle) => {
      const { container } = handle as unknown as DockerHandle
      await engine.run(['kill', '-s', 'KILL', container])
      await engine.run(['wait', container])
    },
    limits: { programs: greedyShellPrograms, otherTasks: async () => 0 },
  }
}

describe('with an engine', () => {
  describeRuntime('docker', prepare, { canBeUnknown: false })
})
