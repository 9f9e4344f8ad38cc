import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { findManager, findUnits } from '../../src/runtimes/systemd/manager.ts'
import { callSystemd } from '../../src/util/systemd-manager.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { insist } from '../support/insist.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))
/** Under cgroup v1 a user manager can bound nothing. */
const canBound = process.getuid?.() === 0 || existsSync('/sys/fs/cgroup/cgroup.controllers')
const manager = findManager(process.env, process.getuid?.() ?? 0)
/** Agents start also where the machine is busy with other tests. */
const config = { admission: { freeBytes: 0, memoryPressure: 100, cpuPressure: 100 } }
const up = { waitSeconds: 20 }

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n')

const unitsOf = async ({ status }: TestDaemon): Promise<string[]> =>
  (await findUnits(manager, status.instance)).map(({ unit }) => unit)

test.for(['launch-prepared', 'run-spawned', 'run-recorded', 'run-stopped', 'run-ended'])(
  'a daemon that is killed at %s loses nothing of an agent that is a unit, and leaves no unit',
  async (fault) => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({
      config,
      env: { DROVER_FAULT: fault },
      isLeftClean: true,
    })
    const { client } = daemon
    const first = daemon.exited
    const startNext = async (): Promise<void> => {
      await daemon.exited
      await daemon.start({ env: {} })
    }
    const ask = <T>(request: () => Promise<T>): Promise<T> => insist(startNext, request)
    const finish = async (id: string): Promise<void> =>
      await ask(async () => expect((await client.message(id, up)).state, id).toBe('done'))

    await ask(() =>
      client.run({
        template: 'command',
        runtime: 'systemd',
        name: 'a',
        dir: folder.path,
        program: ['/bin/sh', agentScript, folder.path],
        prompt: 'm1',
        requestId: 'r1',
      }),
    )
    await ask(() => client.send('a', { id: 'm2', body: 'm2' }))
    await finish('m2')
    expect(await unitsOf(daemon)).toHaveLength(1)
    await ask(() => client.sleep('a', up))
    await ask(() => client.send('a', { id: 'm3', body: 'm3' }))
    await finish('m3')
    await ask(() => client.sleep('a', up))
    expect(linesOf(path.join(folder.path, 'taken'))).toEqual(['m1', 'm2', 'm3'])
    expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
    await waitFor('no unit to be left', async () => (await unitsOf(daemon)).length === 0)
    await ask(() => client.remove('a', up))
    expect(readdirSync(daemon.home.runsFolder)).toEqual([])
  },
)

test('an agent that is a unit lives on without its daemon, and its end is told', async () => {
  await using daemon = await startTestDaemon({ config, isLeftClean: true })
  const { client } = daemon
  const made = await client.run(
    { template: 'command', runtime: 'systemd', name: 'cat', program: ['/bin/cat'] },
    up,
  )
  await daemon.restart()
  expect(await client.send('cat', { body: 'there?' }, up)).toMatchObject({ reply: 'there?' })
  expect(await client.show('cat')).toMatchObject({ run: made.run, pid: made.pid })
  const [unit = ''] = await unitsOf(daemon)
  const kill = ['systemctl', 'kill', '--signal=SIGKILL', unit] as const
  expect(await callSystemd(manager, kill)).toMatchObject({ code: 0 })
  await waitFor('its end', async () => (await client.show('cat')).run === null)
  expect((await client.show('cat')).lastRun?.cause).toContain(
    'all of its unit was killed (SIGKILL)',
  )
  await client.remove('cat', up)
})

test.runIf(canBound)('an agent that ran out of memory in its unit says so', async () => {
  await using daemon = await startTestDaemon({ config, isLeftClean: true })
  const { client } = daemon
  const program = ['/bin/dd', 'if=/dev/zero', 'of=/dev/null', `bs=${300 * 1024 * 1024}`, 'count=1']
  await client.run({
    template: 'command',
    runtime: 'systemd',
    name: 'greedy',
    program,
    limits: { memoryBytes: 64 * 1024 * 1024, cpus: 0.5, pids: 10 },
  })
  const lastRun = async (): Promise<unknown> => (await client.show('greedy')).lastRun?.cause
  await waitFor('its end', async () => typeof (await lastRun()) === 'string')
  expect(await lastRun()).toContain('out of memory: its limit is 64 MiB')
  await client.remove('greedy', up)
})
