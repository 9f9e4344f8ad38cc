import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import type { Runtime } from '../../src/runtimes/contract.ts'
import { DockerRuntime } from '../../src/runtimes/docker/index.ts'
import type { InsideHandle } from '../../src/runtimes/docker/inside/handle.ts'
import { Container, type ContainerWish } from '../../src/schema/container.ts'
import { waitUntil } from '../../src/util/wait.ts'
import type { DockerEngine } from '../support/docker-engine.ts'
import type { RuntimeCase } from './describe-runtime.ts'
import { greedyShellPrograms, shellPrograms } from './runtime-programs.ts'
import { RuntimeStage } from './runtime-stage.ts'

export interface InsideOptions {
  /** As `DOCKER_HOST` has it; left out: the engine's own. */
  host?: string
  container?: ContainerWish
}

/** Where every test has its folders: containers of the tests show it under the same path. */
const shown = realpathSync(tmpdir())

/** Brings a container up that is there before any agent, and lives longer. */
export async function runProject(
  engine: DockerEngine,
  { name, image, args = [] }: { name: string; image: string; args?: readonly string[] },
): Promise<void> {
  const given = ['run', '-d', '--name', name, '-v', `${shown}:${shown}`, ...args, image]
  await engine.run([...given, 'sleep', '1000000'])
}

/** Runs inside of the container `project`, or another. */
export function insideCase(
  engine: DockerEngine,
  { host = engine.host, container = { name: 'project' } }: InsideOptions = {},
): RuntimeCase {
  const runtimes: Runtime[] = []
  return {
    createRuntime: () => {
      const usedFile = path.join(engine.folder, 'used')
      const runtime = new DockerRuntime({ env: { DOCKER_HOST: host }, usedFile })
      runtimes.push(runtime)
      return runtime
    },
    programs: shellPrograms,
    addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_', 'HOME', 'USER', 'LOGNAME', 'HOSTNAME', 'LANG'],
    many: 12,
    boxOf: ({ id, instance }, folder) => ({
      agent: { id: id.replace('run', 'agent'), instance, folder: path.join(folder, `${id}-box`) },
      container: Container.parse(container),
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
      const { container: id, pid } = handle as unknown as InsideHandle
      const marked = `grep -lzxF DROVER_RUN=${run.id} /proc/[0-9]*/environ`
      const kill = `kill -KILL -${pid} $(${marked} | cut -d/ -f3)`
      await engine.call(['exec', id, 'sh', '-c', kill])
      const signal = AbortSignal.timeout(20_000)
      const isDead = async (): Promise<boolean> =>
        (await runtimes[0]?.inspect(handle, signal)) === 'dead'
      await waitUntil(isDead, { deadlineMs: 20_000 })
    },
    limits: { programs: greedyShellPrograms, otherTasks: async () => 0 },
    close: async () => runtimes.forEach((runtime) => runtime.close?.()),
  }
}

/** One test's runtime; all it made is gone with the test. */
export function insideStage(engine: DockerEngine, options?: InsideOptions): RuntimeStage {
  const folder = mkdtempSync(path.join(shown, 'drover-runtime-'))
  const runtimeCase = insideCase(engine, options)
  const stage = new RuntimeStage(runtimeCase, folder)
  onTestFinished(async () => {
    await stage.close()
    await runtimeCase.close?.()
  })
  return stage
}
