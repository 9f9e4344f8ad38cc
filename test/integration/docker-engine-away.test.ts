import { expect, vi } from 'vitest'
import { startTestDaemon } from '../support/daemon.ts'
import { noNetwork } from '../support/docker-engine.ts'
import { stageDocker, testWithDocker } from '../support/docker-stage.ts'
import { EngineDoor } from '../support/engine-door.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

vi.setConfig({ testTimeout: 120_000 })

const docker = stageDocker([...noNetwork, '--live-restore'])
/** A machine that is busy with tests takes starts all the same. */
const patient = { admission: { freeBytes: 0, memoryPressure: 100, cpuPressure: 100 } }
const up = { waitSeconds: 30 }

testWithDocker(
  'a daemon that starts without its engine touches nothing, and adopts once it is there',
  async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({
      env: { DOCKER_HOST: docker.engine.host },
      isLeftClean: true,
      config: patient,
    })
    const { client } = daemon
    const made = await client.run(
      {
        template: 'command',
        runtime: 'docker',
        container: { image: docker.image },
        name: 'a',
        dir: folder.path,
        program: ['/bin/cat'],
      },
      up,
    )
    await daemon.kill()
    await docker.engine.stop()
    await daemon.start()
    expect(daemon.status.recovered).toMatchObject({ adopted: 0, finished: 0, orphans: 0 })
    expect(daemon.status.recovered.unknown).toBeGreaterThan(0)
    expect(await client.show('a')).toMatchObject({ status: 'unknown', run: made.run })
    await client.send('a', { id: 'm1', body: 'while it was away' })
    await docker.engine.startAgain()
    expect(await client.message('m1', up)).toMatchObject({
      state: 'done',
      reply: 'while it was away',
      run: made.run,
    })
    expect(await client.show('a')).toMatchObject({ status: 'idle', run: made.run })
    await client.remove('a', { force: true, ...up })
    expect(await docker.containersOf(daemon.status.instance)).toEqual([])
  },
)

testWithDocker('what an agent says and takes goes on while the engine is away', async () => {
  using folder = temporaryFolder()
  await using daemon = await startTestDaemon({
    env: { DOCKER_HOST: docker.engine.host },
    isLeftClean: true,
    config: patient,
  })
  const { client } = daemon
  const request = { template: 'command', name: 'a', dir: folder.path, program: ['/bin/cat'] }
  const made = await client.run(
    { ...request, runtime: 'docker', container: { image: docker.image } },
    up,
  )
  await docker.engine.stop()
  const message = await client.send('a', { body: 'no engine, no matter' }, up)
  expect(message).toMatchObject({ state: 'done', reply: 'no engine, no matter', run: made.run })
  await docker.engine.startAgain()
  await client.sleep('a', up)
  expect(await client.show('a')).toMatchObject({ lastRun: { id: made.run, status: 'stopped' } })
  await client.remove('a', up)
  expect(await docker.containersOf(daemon.status.instance)).toEqual([])
})

testWithDocker('an engine that its daemon waited for in vain is asked again', async () => {
  using folder = temporaryFolder()
  await using door = await EngineDoor.open(docker.engine.host)
  await using daemon = await startTestDaemon({
    env: { DOCKER_HOST: door.host },
    isLeftClean: true,
    config: patient,
  })
  const { client } = daemon
  const request = { template: 'command', name: 'a', dir: folder.path, program: ['/bin/cat'] }
  const made = await client.run(
    { ...request, runtime: 'docker', container: { image: docker.image } },
    up,
  )
  await door.goDead(1000)
  const [container] = await docker.containersOf(daemon.status.instance)
  // Whatever happened in between, what happens now is seen.
  await docker.engine.run(['kill', container?.id ?? ''])
  await waitFor('the end to be seen', async () => (await client.show('a')).run === null, 30_000)
  expect((await client.show('a')).lastRun).toMatchObject({ id: made.run, status: 'lost' })
  await client.remove('a', up)
})
