import { afterAll, beforeAll, describe, expect } from 'vitest'
import { agentFaultPoints, boxFaultPoints } from '../../src/daemon/fault-point.ts'
import { playCrash } from '../support/crash-story.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The second run is in the container of the first. */
const passes = [...agentFaultPoints, ...boxFaultPoints, 'launch-prepared:2', 'run-spawned:2']

const testWithDocker = requireOrSkip('docker', canRunDocker)

let engine: DockerEngine
let image: string
beforeAll(async () => {
  if (canRunDocker) {
    engine = await DockerEngine.start()
    image = await importSmallImage(engine)
  }
}, 120_000)
afterAll(async () => {
  // Every test has removed its own.
  expect(await engine?.run(['ps', '-aq'])).toBe(canRunDocker ? '' : undefined)
  await engine?.[Symbol.asyncDispose]()
}, 60_000)

async function containersOf(instance: string): Promise<string[]> {
  const filter = `label=drover.instance=${instance}`
  const argv = ['ps', '-a', '--filter', filter, '--format', '{{.Names}} {{.State}}']
  return (await engine.run(argv)).split('\n').filter(Boolean)
}

describe.concurrent(
  'a daemon of an agent in a container that is killed',
  { timeout: 120_000 },
  () => {
    testWithDocker.each(passes)(
      'at %s takes every message in once, and leaves nothing',
      async (fault) => {
        let instance = ''
        await playCrash({
          fault,
          env: { DOCKER_HOST: engine.host },
          request: { runtime: 'docker', container: { image } },
          check: async (daemon, agentId) => {
            instance = daemon.status.instance
            expect(await containersOf(instance)).toEqual([`drover-${agentId} exited`])
          },
        })
        expect(instance).not.toBe('')
        expect(await containersOf(instance)).toEqual([])
      },
    )

    testWithDocker('before its first start, and never to start, leaves no container', async () => {
      using folder = temporaryFolder()
      const env = { DOCKER_HOST: engine.host }
      await using daemon = await startTestDaemon({
        env: { ...env, DROVER_FAULT: 'box-made' },
        isLeftClean: true,
      })
      const { client } = daemon
      const request = { template: 'command', name: 'a', program: ['/bin/cat'], dir: folder.path }
      await client
        .run({ ...request, runtime: 'docker', container: { image } })
        .catch(() => undefined)
      await daemon.exited
      expect(await containersOf(daemon.status.instance)).toHaveLength(1)
      await daemon.start({ env })
      await client.remove('a', { force: true, waitSeconds: 20 })
      expect(await containersOf(daemon.status.instance)).toEqual([])
    })

    testWithDocker('finds a container of an agent whose row is lost, and releases it', async () => {
      using folder = temporaryFolder()
      const env = { DOCKER_HOST: engine.host }
      await using daemon = await startTestDaemon({ env, isLeftClean: true })
      const { client } = daemon
      const request = { template: 'command', name: 'a', program: ['/bin/cat'], dir: folder.path }
      await client.run({ ...request, runtime: 'docker', container: { image } }, { waitSeconds: 20 })
      await daemon.kill()
      const { instance } = daemon.status
      const labels = ['--label', `drover.instance=${instance}`, '--label', 'drover.agent=agent_0']
      await engine.run([
        'create',
        '--name',
        'drover-agent_0',
        '--net=none',
        ...labels,
        image,
        'cat',
      ])
      const stranger = [
        '--label',
        'drover.agent=agent_1',
        '--label',
        `drover.instance=x${instance}`,
      ]
      const other = await engine.run(['create', '--net=none', ...stranger, image, 'cat'])
      await daemon.start()
      expect(await containersOf(instance)).toEqual([expect.stringMatching(/ running$/)])
      expect(await engine.run(['ps', '-aq', '--no-trunc', '--filter', `id=${other}`])).toBe(other)
      await engine.run(['rm', other])
      await client.remove('a', { force: true, waitSeconds: 20 })
      expect(await containersOf(instance)).toEqual([])
    })
  },
)
