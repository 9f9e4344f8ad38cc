import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect } from 'vitest'
import type { Agent } from '../../src/schema/agent.ts'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon, type TestDaemonOptions } from '../support/daemon.ts'
import { stageDocker, testWithDocker } from '../support/docker-stage.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const docker = stageDocker()
const up = { waitSeconds: 30 }

/** A machine that is busy with tests takes starts all the same. */
const patient = { admission: { freeBytes: 0, memoryPressure: 100, cpuPressure: 100 } }

/** Does what it is told, line by line. */
const obeying = 'while IFS= read -r line; do eval "$line"; done'

const startDaemon = async (options: TestDaemonOptions = {}): Promise<TestDaemon> =>
  await startTestDaemon({
    env: { DOCKER_HOST: docker.engine.host },
    isLeftClean: true,
    config: patient,
    ...options,
  })

function boxed(dir: string, name: string, rest: Partial<RunRequestInput> = {}): RunRequestInput {
  return {
    template: 'command',
    runtime: 'docker',
    container: { image: docker.image },
    name,
    dir,
    program: ['/bin/sh', '-c', obeying],
    options: { settleMs: 100 },
    ...rest,
  }
}

async function tell({ client }: TestDaemon, name: string, body: string): Promise<string | null> {
  const message = await client.send(name, { body }, up)
  expect(message).toMatchObject({ state: 'done' })
  return message.reply
}

async function containerOf(daemon: TestDaemon, agent: Pick<Agent, 'id'>): Promise<string> {
  const all = await docker.containersOf(daemon.status.instance)
  const own = all.filter(({ name }) => name === `drover-${agent.id}`)
  expect(own).toHaveLength(1)
  return `${own[0]?.id} ${own[0]?.state}`
}

describe.concurrent('an agent in a container of its own', { timeout: 120_000 }, () => {
  testWithDocker(
    'is made, spoken to, sleeps, wakes, is stopped, started, made anew, restarted and removed, in one container',
    async () => {
      using folder = temporaryFolder()
      await using daemon = await startDaemon()
      const { client } = daemon
      const made = await client.run(
        boxed(folder.path, 'a', {
          prompt: 'echo here; pwd; echo mine >/tmp/outside; echo x >within',
        }),
        up,
      )
      expect(made.message).toMatchObject({ state: 'done', reply: `here\n${folder.path}` })
      expect(readFileSync(path.join(folder.path, 'within'), 'utf8')).toBe('x\n')
      const [container] = (await containerOf(daemon, made)).split(' ')
      expect(await containerOf(daemon, made)).toBe(`${container} running`)

      expect(await client.sleep('a', up)).toMatchObject({ status: 'asleep', run: null })
      expect(await containerOf(daemon, made)).toBe(`${container} exited`)
      expect(await tell(daemon, 'a', 'cat /tmp/outside within')).toBe('mine\nx')

      expect(await client.stop('a', up)).toMatchObject({ status: 'stopped', run: null })
      expect(await containerOf(daemon, made)).toBe(`${container} exited`)
      expect(await client.start('a', up)).toMatchObject({ status: 'idle' })
      expect(await tell(daemon, 'a', 'cat /tmp/outside')).toBe('mine')

      for (const verb of ['new', 'restart'] as const) {
        const before = await client.show('a')
        expect((await client.change('a', verb, up)).run).not.toBe(before.run)
        expect(await tell(daemon, 'a', 'cat /tmp/outside')).toBe('mine')
      }
      expect(await containerOf(daemon, made)).toBe(`${container} running`)

      await client.remove('a', { force: true, ...up })
      expect(await docker.containersOf(daemon.status.instance)).toEqual([])
      expect(readFileSync(path.join(folder.path, 'within'), 'utf8')).toBe('x\n')
    },
  )

  testWithDocker('goes on when its daemon ends, and with `down --agents` it rests', async () => {
    using folder = temporaryFolder()
    await using daemon = await startDaemon()
    const made = await daemon.client.run(boxed(folder.path, 'a'), up)
    expect((await runDrover(['down'], { env: daemon.env })).code).toBe(0)
    expect(await containerOf(daemon, made)).toMatch(/ running$/)
    await daemon.start()
    expect(daemon.status.recovered).toMatchObject({ adopted: 1 })
    expect(await tell(daemon, 'a', 'echo still here')).toBe('still here')
    expect((await daemon.client.show('a')).run).toBe(made.run)
    expect((await runDrover(['down', '--agents'], { env: daemon.env })).code).toBe(0)
    expect(await containerOf(daemon, made)).toMatch(/ exited$/)
    await daemon.start()
    await daemon.client.remove('a', up)
  })

  testWithDocker(
    'that is ephemeral is gone with its container; kept with it when it failed',
    async () => {
      using folder = temporaryFolder()
      await using daemon = await startDaemon()
      const { client } = daemon
      const ephemeral = true
      const [good, bad] = await Promise.all([
        client.run(boxed(folder.path, 'good', { ephemeral, prompt: 'echo done' }), up),
        client.run(boxed(folder.path, 'bad', { ephemeral, prompt: 'echo no >&2; exit 3' }), up),
      ])
      expect(good.message).toMatchObject({ state: 'done', reply: 'done' })
      expect(bad.message).toMatchObject({ state: 'failed' })
      await waitFor('the one that is done to go', async () => {
        const names = (await client.list({ all: true })).map(({ name }) => name)
        return names.join() === 'bad' && (await client.show('bad')).run === null
      })
      const left = await docker.containersOf(daemon.status.instance)
      expect(left).toMatchObject([{ name: `drover-${bad.id}`, state: 'exited' }])
      await client.remove('bad', up)
      expect(await docker.containersOf(daemon.status.instance)).toEqual([])
    },
  )

  testWithDocker(
    'that crashes again and again is given up, and why tells its last words',
    async () => {
      using folder = temporaryFolder()
      const restart = { backoffMs: 20, backoffMostMs: 50, deaths: 3, windowMs: 300_000 }
      await using daemon = await startDaemon({ config: { ...patient, restart } })
      const { client } = daemon
      const program: [string, ...string[]] = [
        '/bin/sh',
        '-c',
        'echo last words; echo boom >&2; exit 3',
      ]
      await client.run(boxed(folder.path, 'a', { program, lifecycle: { restart: 'always' } }))
      await waitFor(
        'it to be given up',
        async () => (await client.show('a')).status === 'failed',
        30_000,
      )
      const why = await client.why('a')
      expect(why).toMatchObject({ status: 'failed', lines: ['last words', 'boom'] })
      expect(why.because).toMatch(/exit code 3: boom/)
      const { id } = await client.show('a')
      await waitFor('its container to be at rest', async () =>
        (await containerOf(daemon, { id })).endsWith(' exited'),
      )
      await client.remove('a', up)
    },
  )

  testWithDocker('has the limits it was given', async () => {
    using folder = temporaryFolder()
    await using daemon = await startDaemon()
    const { client } = daemon
    const limits = { memoryBytes: 64 * 1024 ** 2 }
    const made = await client.run(boxed(folder.path, 'a', { limits }), up)
    const [container = ''] = (await containerOf(daemon, made)).split(' ')
    const format = '{{.HostConfig.Memory}}'
    expect(await docker.engine.run(['inspect', '-f', format, container])).toBe(`${64 * 1024 ** 2}`)
    await client.remove('a', { force: true, ...up })
  })

  testWithDocker(
    'can be removed by somebody else: its run is lost, and it wakes in another',
    async () => {
      using folder = temporaryFolder()
      await using daemon = await startDaemon()
      const { client } = daemon
      const made = await client.run(
        boxed(folder.path, 'a', { prompt: 'echo x | tee /tmp/outside' }),
        up,
      )
      const [container = ''] = (await containerOf(daemon, made)).split(' ')
      await docker.engine.run(['rm', '-f', container])
      await waitFor('it to be noticed', async () => (await client.show('a')).run === null, 30_000)
      expect((await client.show('a')).lastRun).toMatchObject({ id: made.run, status: 'lost' })
      expect(await tell(daemon, 'a', 'cat /tmp/outside 2>&1 || echo anew')).toMatch(/anew$/)
      expect((await containerOf(daemon, made)).split(' ')[0]).not.toBe(container)
      await client.remove('a', { force: true, ...up })
    },
  )
})
