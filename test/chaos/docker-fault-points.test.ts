import { afterAll, describe, expect } from 'vitest'
import { agentFaultPoints, boxFaultPoints } from '../../src/daemon/fault-point.ts'
import { playCrash } from '../support/crash-story.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { canRunDocker } from '../support/docker-engine.ts'
import { stageDocker, testWithDocker } from '../support/docker-stage.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

/** The second run is in the container of the first. */
const passes = [...agentFaultPoints, ...boxFaultPoints, 'launch-prepared:2', 'run-spawned:2']

const docker = stageDocker()

/** As `NAME STATE`. */
async function containersOf(instance: string): Promise<string[]> {
  const seen = await docker.containersOf(instance)
  return seen.map(({ name, state }) => `${name} ${state}`)
}

afterAll(async () => {
  // Every test has removed its own.
  expect(await docker.engine?.run(['ps', '-aq'])).toBe(canRunDocker ? '' : undefined)
})

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
          env: { DOCKER_HOST: docker.engine.host },
          request: { runtime: 'docker', container: { image: docker.image } },
          check: async (daemon, agentId) => {
            instance = daemon.status.instance
            await waitFor('its container to be at rest', async () => {
              const all = await containersOf(instance)
              return all.join() === `drover-${agentId} exited`
            })
          },
        })
        expect(instance).not.toBe('')
        expect(await containersOf(instance)).toEqual([])
      },
    )

    testWithDocker('before its first start, and never to start, leaves no container', async () => {
      using folder = temporaryFolder()
      const env = { DOCKER_HOST: docker.engine.host }
      await using daemon = await startTestDaemon({
        env: { ...env, DROVER_FAULT: 'box-made' },
        isLeftClean: true,
      })
      const { client } = daemon
      const request = { template: 'command', name: 'a', program: ['/bin/cat'], dir: folder.path }
      await client
        .run({ ...request, runtime: 'docker', container: { image: docker.image } })
        .catch(() => undefined)
      await daemon.exited
      expect(await containersOf(daemon.status.instance)).toHaveLength(1)
      await daemon.start({ env })
      await client.remove('a', { force: true, waitSeconds: 20 })
      expect(await containersOf(daemon.status.instance)).toEqual([])
    })

    testWithDocker('finds a container of an agent whose row is lost, and releases it', async () => {
      using folder = temporaryFolder()
      const env = { DOCKER_HOST: docker.engine.host }
      await using daemon = await startTestDaemon({ env, isLeftClean: true })
      const { client } = daemon
      const request = { template: 'command', name: 'a', program: ['/bin/cat'], dir: folder.path }
      await client.run(
        { ...request, runtime: 'docker', container: { image: docker.image } },
        { waitSeconds: 20 },
      )
      await daemon.kill()
      const { instance } = daemon.status
      const labels = ['--label', `drover.instance=${instance}`, '--label', 'drover.agent=agent_0']
      await docker.engine.run([
        'create',
        '--name',
        'drover-agent_0',
        '--net=none',
        ...labels,
        docker.image,
        'cat',
      ])
      const stranger = [
        '--label',
        'drover.agent=agent_1',
        '--label',
        `drover.instance=x${instance}`,
      ]
      const other = await docker.engine.run([
        'create',
        '--net=none',
        ...stranger,
        docker.image,
        'cat',
      ])
      await daemon.start()
      expect(await containersOf(instance)).toEqual([expect.stringMatching(/ running$/)])
      expect(await docker.engine.run(['ps', '-aq', '--no-trunc', '--filter', `id=${other}`])).toBe(
        other,
      )
      await docker.engine.run(['rm', other])
      await client.remove('a', { force: true, waitSeconds: 20 })
      expect(await containersOf(instance)).toEqual([])
    })
  },
)
