import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { playCrash } from '../support/crash-story.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { readEvents, saidIn } from '../support/events.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { waitFor } from '../support/wait-for.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Those at which a run inside stands otherwise than before; its second one is beside what the first left. */
const passes = [
  'launch-prepared',
  'box-made',
  'run-spawned',
  'run-recorded',
  'input-appended',
  'output-committed',
  'run-stopped',
  'run-read-out',
  'run-released',
  'box-forgotten',
  'box-made:2',
  'run-spawned:2',
] as const

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

describe(
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
        const program = ['/bin/sh', '-c', 'echo "in $(pwd), at home in $HOME"; exec cat']
        const inEtc = { name: 'other', workdir: '/etc' }
        await client.run({ ...request, name: 'a', program, prompt: 'hello' })
        await client.run({ ...request, name: 'b', program, container: inEtc })
        const wanted = ['in /mine, at home in /root\n', 'in /etc, at home in /root\n', 'hello\n']
        await waitFor('all of it', async () => {
          const said = saidIn(await readEvents(client))
          return wanted.every((each) => said.includes(each))
        })
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
