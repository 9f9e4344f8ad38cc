import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import type { DockerHandle } from '../../src/runtimes/docker/handle.ts'
import { DockerRuntime } from '../../src/runtimes/docker/index.ts'
import { Container, type ContainerWish } from '../../src/schema/container.ts'
import type { DockerEngine } from '../support/docker-engine.ts'
import type { RuntimeCase } from './describe-runtime.ts'
import { greedyShellPrograms, shellPrograms } from './runtime-programs.ts'
import { RuntimeStage } from './runtime-stage.ts'

export interface DockerCaseOptions {
  /** As `DOCKER_HOST` has it; left out: the engine's own. */
  host?: string
  container?: ContainerWish
  /** Id of the agent that has a container; left out: each run is of its own agent. */
  agent?: string
}

/** Runs in containers of their own, of the image `drover-test`. */
export function dockerCase(
  engine: DockerEngine,
  { host = engine.host, container, agent }: DockerCaseOptions = {},
): RuntimeCase {
  const boxes = new Set<string>()
  return {
    createRuntime: () =>
      new DockerRuntime({
        env: { DOCKER_HOST: host },
        usedFile: path.join(engine.folder, 'used'),
      }),
    programs: shellPrograms,
    countAloud: ['/bin/sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done'],
    // The last is the image's own.
    addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_', 'HOME', 'USER', 'LOGNAME', 'HOSTNAME', 'LANG'],
    many: 12,
    isEndingChildren: true,
    boxOf: (run, folder) => {
      boxes.add(boxesOf(folder))
      const id = agent ?? run.id.replace('run', 'agent')
      const home = path.join(folder, `${id}-home`)
      mkdirSync(home, { recursive: true })
      return {
        agent: { id, instance: run.instance, folder: path.join(boxesOf(folder), id) },
        container: Container.parse({ image: 'drover-test', ...container }),
        ownFolders: [home],
        folders: [folder],
        readOnlyFolders: [],
        home: container?.home ?? home,
      }
    },
    impostors: (handle) => [
      { ...handle, startedAt: '2020-01-01T00:00:00.000000000Z' },
      { ...handle, container: '0'.repeat(64) },
    ],
    vanish: async (_, handle) => {
      const { container: id } = handle as unknown as DockerHandle
      await engine.run(['kill', '-s', 'KILL', id])
      await engine.run(['wait', id])
    },
    limits: { programs: greedyShellPrograms, otherTasks: async () => 0 },
    close: async () => boxes.forEach((each) => rmSync(each, { recursive: true, force: true })),
  }
}

/** Not inside of what the agent works in: who works there may be another user. */
function boxesOf(folder: string): string {
  return `${folder}-boxes`
}

/** One test's runtime; all it made is gone with the test. */
export function dockerStage(engine: DockerEngine, options?: DockerCaseOptions): RuntimeStage {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-runtime-')))
  chmodSync(folder, 0o755)
  const stage = new RuntimeStage(dockerCase(engine, options), folder)
  onTestFinished(async () => {
    await stage.close()
    stage.runtime.close?.()
    await stage.case.close?.()
  })
  return stage
}
