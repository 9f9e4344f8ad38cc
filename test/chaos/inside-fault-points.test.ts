import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { agentFaultPoints, boxFaultPoints } from '../../src/daemon/fault-point.ts'
import { playCrash } from '../support/crash-story.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { readEvents, saidIn } from '../support/events.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The second run is in the same container, beside what the first one left. */
const passes = [...agentFaultPoints, ...boxFaultPoints, 'launch-prepared:2', 'run-spawned:2']

const testWithDocker = requireOrSkip('docker', canRunDocker)

let engine: DockerEngine
let image: string
beforeAll(async () => {
  if (canRunDocker) {
    engine = await DockerEngine.start()
    image = await importSmallImage(engine)
    const tmp = realpathSync(tmpdir())
    const sleep = [image, 'sleep', '1000000']
    await engine.run(['run', '-d', '--name', 'project', '-v', `${tmp}:${tmp}`, ...sleep])
  }
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

/** Processes in a container that carry the mark of a home. */
async function markedIn(container: string, instance: string): Promise<string> {
  const look = `grep -lzxF DROVER_INSTANCE=${instance} /proc/[0-9]*/environ`
  return (await engine.call(['exec', container, 'sh', '-c', look])).stdout
}

describe.concurrent(
  'a daemon of an agent in a container of somebody that is killed',
  { timeout: 120_000 },
  () => {
    testWithDocker.each(passes)(
      'at %s takes every message in once, and leaves nothing',
      async (fault) => {
        let instance = ''
        await playCrash({
          fault,
          env: { DOCKER_HOST: engine.host },
          request: { runtime: 'docker', container: { name: 'project' } },
          check: async (daemon) => {
            instance = daemon.status.instance
          },
        })
        expect(instance).not.toBe('')
        expect(await markedIn('project', instance)).toBe('')
      },
    )

    testWithDocker(
      'works where that shows its folder under another path, and takes all along when it is removed',
      async () => {
        using folder = temporaryFolder()
        const shown = realpathSync(folder.path)
        const mounts = ['-v', `${path.dirname(shown)}:/projects:ro`, '-v', `${shown}:/mine`]
        await engine.run(['run', '-d', '--name', 'other', ...mounts, image, 'sleep', '1000000'])
        const env = { DOCKER_HOST: engine.host }
        await using daemon = await startTestDaemon({ env, isLeftClean: true })
        const { client } = daemon
        const request = { template: 'command', dir: shown, container: { name: 'other' } }
        const program = ['/bin/sh', '-c', 'pwd; echo "$HOME"; cat']
        await client.run({ ...request, name: 'a', program, prompt: 'hello' })
        await client.run({
          ...request,
          name: 'b',
          program,
          container: { name: 'other', workdir: '/etc' },
        })
        await expect
          .poll(async () => saidIn(await readEvents(client)), { timeout: 30_000 })
          .toMatch(/\/mine\n\/root\nhello\n/)
        await expect
          .poll(async () => saidIn(await readEvents(client)), { timeout: 30_000 })
          .toMatch(/\/etc\n\/root\n/)
        await expect(
          client.run({ ...request, name: 'c', program, dir: '/usr' }),
        ).rejects.toMatchObject({
          code: 'invalid_dir',
          message: expect.stringContaining(`${shown} at /mine`) as string,
        })
        const limits = { memoryBytes: 100_000_000 }
        await expect(client.run({ ...request, name: 'c', program, limits })).rejects.toMatchObject({
          code: 'unsupported',
          details: { field: 'limits.memoryBytes' },
        })
        const readOnly = { name: 'other', readOnly: true }
        await expect(
          client.run({ ...request, name: 'c', program, container: readOnly }),
        ).rejects.toMatchObject({ code: 'unsupported', details: { field: 'container.readOnly' } })
        const instance = daemon.status.instance
        expect(await markedIn('other', instance)).not.toBe('')
        for (const name of ['a', 'b']) {
          await client.remove(name, { force: true, waitSeconds: 20 })
        }
        expect(await markedIn('other', instance)).toBe('')
        const left = await engine.call(['exec', 'other', 'ls', daemon.home.agentsFolder])
        expect(left.stdout).toBe('')
        await engine.run(['rm', '-f', 'other'])
      },
    )
  },
)
