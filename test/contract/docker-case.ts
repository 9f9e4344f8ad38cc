import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { DockerHandle } from '../../src/runtimes/docker/handle.ts'
import { DockerRuntime } from '../../src/runtimes/docker/index.ts'
import type { DockerEngine } from '../support/docker-engine.ts'
import type { RuntimeCase } from './describe-runtime.ts'
import { greedyShellPrograms, shellPrograms } from './runtime-programs.ts'

/** Docker on an engine of the test's own, with an image that it has. */
export function dockerCase(engine: DockerEngine, image: string): RuntimeCase {
  return {
    createRuntime: () =>
      new DockerRuntime({
        env: { DOCKER_HOST: engine.host },
        usedFile: path.join(engine.folder, 'used'),
      }),
    programs: shellPrograms,
    addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_', 'HOME', 'USER', 'LOGNAME', 'HOSTNAME'],
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
