import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Runtime } from '../../src/runtimes/contract.ts'
import { DockerRuntime } from '../../src/runtimes/docker/index.ts'
import type { InsideHandle } from '../../src/runtimes/docker/inside/handle.ts'
import { Container } from '../../src/schema/container.ts'
import { waitUntil } from '../../src/util/wait.ts'
import { DockerEngine } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { describeRuntime, type RuntimeCase } from './describe-runtime.ts'
import { greedyShellPrograms, shellPrograms } from './runtime-programs.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start()
  const image = await importSmallImage(engine)
  const folder = realpathSync(tmpdir())
  const mount = ['-v', `${folder}:${folder}`]
  await engine.run(['run', '-d', '--name', 'project', ...mount, image, 'sleep', 'infinity'])
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

async function prepare(): Promise<RuntimeCase> {
  const runtimes: Runtime[] = []
  return {
    createRuntime: () => {
      const runtime = new DockerRuntime({
        env: { DOCKER_HOST: engine.host },
        usedFile: path.join(engine.folder, 'used'),
      })
      runtimes.push(runtime)
      return runtime
    },
    programs: shellPrograms,
    addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_', 'HOME', 'USER', 'LOGNAME', 'HOSTNAME', 'LANG'],
    many: 12,
    boxOf: ({ id, instance }, folder) => ({
      agent: { id: id.replace('run', 'agent'), instance, folder: path.join(folder, `${id}-box`) },
      container: Container.parse({ name: 'project' }),
      ownFolders: [path.join(folder, `${id}-state`)],
      folders: [folder],
      readOnlyFolders: [],
      home: path.join(folder, `${id}-home`),
    }),
    impostors: (handle) => [
      { ...handle, startedAt: '2020-01-01T00:00:00.000000000Z' },
      { ...handle, container: '0'.repeat(64) },
      { ...handle, startTime: '1' },
      { ...handle, pid: 1 },
    ],
    vanish: async (run, handle) => {
      const { pid } = handle as unknown as InsideHandle
      const marked = `grep -lzxF DROVER_RUN=${run.id} /proc/[0-9]*/environ`
      const kill = `kill -KILL -${pid} $(${marked} | cut -d/ -f3)`
      await engine.call(['exec', 'project', 'sh', '-c', kill])
      await waitUntil(
        async () =>
          (await runtimes[0]?.inspect(handle, AbortSignal.timeout(20_000))) === 'dead',
        { deadlineMs: 20_000 },
      )
    },
    limits: { programs: greedyShellPrograms, otherTasks: async () => 0 },
    close: async () => runtimes.forEach((runtime) => runtime.close?.()),
  }
}

describe('inside of a container', () => {
  describeRuntime('docker, inside a container', prepare, { canBeUnknown: false })
})
