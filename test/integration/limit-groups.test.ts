import { chownSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { canLimitGroups, canMakeGroups, OwnGroup } from '../support/own-group.ts'
import { mainFile, startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const testInGroup = requireOrSkip('cgroup2', canMakeGroups)
const testWithLimits = requireOrSkip('cgroup2-controllers', canLimitGroups, { isOfMachine: true })

const mebibyte = 1024 * 1024

/** Some user that is not root and has nothing else. */
const otherUser = 54321

async function makeCat(
  client: Client,
  name: string,
  limits: { memoryBytes?: number; cpus?: number; pids?: number },
): Promise<{ run: string; holder: number }> {
  const { run, pid } = await client.run(
    { template: 'command', name, program: ['cat'], limits },
    { waitSeconds: 20 },
  )
  return { run: run ?? '', holder: pid ?? 0 }
}

async function expectAnswer(client: Client, name: string): Promise<void> {
  const { reply } = await client.send(name, { body: 'there?' }, { waitSeconds: 20 })
  expect(reply).toBe('there?')
}

async function findLimits({ client }: TestDaemon): Promise<string> {
  const report = await client.doctor()
  return report.checks.find(({ name }) => name === 'process')?.detail ?? ''
}

/** The group of a process below the one of the test. */
function groupOf(pid: number, { folder }: OwnGroup): string {
  const name = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? ''
  return path.relative(path.join('/', path.basename(folder)), name)
}

const groupOfRun = (daemon: TestDaemon, run: string): string =>
  `drover-${daemon.status.instance}/${run}`

describe('a daemon with a group of its own', () => {
  testWithLimits('makes room in it, and puts each limited program in a group', async () => {
    await using group = new OwnGroup(['memory', 'cpu', 'pids'])
    await using daemon = await startTestDaemon({ launcher: group.enter() })
    const { client } = daemon
    expect(await findLimits(daemon)).toContain('memory, cpus and pids by cgroup v2')
    const free = await makeCat(client, 'free', {})
    // So far nothing was touched.
    expect(group.groups()).toEqual([])
    expect(await group.processes()).toContain(daemon.pid)

    const limited = await makeCat(client, 'limited', {
      memoryBytes: 64 * mebibyte,
      cpus: 0.5,
      pids: 10,
    })
    const runGroup = groupOfRun(daemon, limited.run)
    expect(await group.processes()).toEqual([])
    await waitFor('its program', async () => (await group.processes(runGroup)).length === 1)
    for (const pid of [daemon.pid, free.holder, limited.holder]) {
      expect(groupOf(pid, group)).toBe('drover-daemon')
    }
    expect(
      ['memory.max', 'cpu.max', 'pids.max'].map((file) => group.read(`${runGroup}/${file}`)),
    ).toEqual(['67108864\n', '50000 100000\n', '10\n'])
    for (const name of ['free', 'limited']) {
      await expectAnswer(client, name)
    }
    await client.sleep('limited', { waitSeconds: 20 })
    await waitFor('the group to be released', () => !group.groups().includes(runGroup))
    expect(group.groups()).toEqual(['drover-daemon'])
  })

  testWithLimits('says of an agent that it ran out of memory, and wakes it again', async () => {
    await using group = new OwnGroup(['memory', 'cpu', 'pids'])
    await using daemon = await startTestDaemon({ launcher: group.enter() })
    const { client } = daemon
    await client.run({
      template: 'command',
      name: 'greedy',
      program: ['sh', '-c', 'read -r size; dd if=/dev/zero of=/dev/null bs="$size" count=1'],
      limits: { memoryBytes: 32 * mebibyte },
    })
    const failed = await client.send('greedy', { body: '200M' }, { waitSeconds: 20 })
    expect(failed).toMatchObject({
      state: 'failed',
      cause: expect.stringContaining('out of memory: its limit is 32 MiB') as string,
    })
    expect((await client.show('greedy')).cause).toBe(
      'last run failed: out of memory: its limit is 32 MiB',
    )
    const done = await client.send('greedy', { body: '1M' }, { waitSeconds: 20 })
    expect(done.state).toBe('done')
  })

  testWithLimits('is followed by one that takes the runs up, wherever that is', async () => {
    await using group = new OwnGroup(['memory', 'cpu', 'pids'])
    await using elsewhere = new OwnGroup(['memory', 'cpu', 'pids'])
    await using daemon = await startTestDaemon({ launcher: group.enter() })
    const { client } = daemon
    const one = await makeCat(client, 'one', { pids: 10 })
    const two = await makeCat(client, 'two', { pids: 10 })

    // As a service manager that starts it in the group it made itself.
    await daemon.kill()
    await daemon.start({ launcher: group.enter('drover-daemon') })
    expect(daemon.status.recovered).toMatchObject({ adopted: 2, orphans: 0 })
    expect(await findLimits(daemon)).toContain('memory, cpus and pids by cgroup v2')
    await expectAnswer(client, 'one')
    await client.sleep('one', { waitSeconds: 20 })
    await waitFor('a release', () => !group.groups().includes(groupOfRun(daemon, one.run)))

    await daemon.kill()
    await daemon.start({ launcher: elsewhere.enter() })
    expect(daemon.status.recovered).toMatchObject({ adopted: 1, orphans: 0 })
    const three = await makeCat(client, 'three', { pids: 10 })
    expect(elsewhere.groups()).toContain(groupOfRun(daemon, three.run))
    expect(group.groups()).toContain(groupOfRun(daemon, two.run))
    await expectAnswer(client, 'two')
    await client.sleep('two', { waitSeconds: 20 })
    await waitFor('a release', () => !group.groups().includes(groupOfRun(daemon, two.run)))
  })

  testWithLimits('that others are in, too, refuses what only a group can keep', async () => {
    await using group = new OwnGroup(['memory', 'cpu', 'pids'])
    await using other = await startTestDaemon({ launcher: group.enter() })
    await using daemon = await startTestDaemon({ launcher: group.enter() })
    expect(await findLimits(daemon)).toContain('no cpus')
    await expect(makeCat(daemon.client, 'never', { cpus: 1 })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(
        /^limits\.cpus: .* holds other programs, too\. Start/,
      ) as string,
    })
    expect(await daemon.client.list({ all: true })).toEqual([])
    expect(await group.processes()).toContain(other.pid)
  })

  const isOpenToAll = ancestorsOf(mainFile).every((each) => (statSync(each).mode & 0o001) !== 0)
  const testAsOther = requireOrSkip('cgroup2-controllers', canLimitGroups && isOpenToAll, {
    isOfMachine: true,
  })

  testAsOther('need not be of root', async () => {
    await using group = new OwnGroup(['memory', 'cpu', 'pids'])
    using folder = temporaryFolder()
    const home = path.join(folder.path, 'home')
    mkdirSync(home)
    for (const each of [folder.path, home, group.folder]) {
      chownSync(each, otherUser, otherUser)
    }
    for (const file of ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads']) {
      chownSync(path.join(group.folder, file), otherUser, otherUser)
    }
    const asOther = `--reuid=${otherUser} --regid=${otherUser} --clear-groups`.split(' ')
    const [shell, ...enter] = group.enter()
    await using daemon = await startTestDaemon({
      home,
      launcher: [shell, ...enter, 'setpriv', ...asOther],
    })
    expect(await findLimits(daemon)).toContain('memory, cpus and pids by cgroup v2')
    const { run } = await makeCat(daemon.client, 'limited', {
      memoryBytes: 64 * mebibyte,
      cpus: 0.5,
      pids: 10,
    })
    await expectAnswer(daemon.client, 'limited')
    expect(await group.processes(groupOfRun(daemon, run))).toHaveLength(1)
    await daemon.client.remove('limited', { force: true, waitSeconds: 20 })
    expect(group.groups()).toEqual(['drover-daemon'])
  })
})

function ancestorsOf(file: string): string[] {
  const parent = path.dirname(file)
  return parent === file ? [] : [parent, ...ancestorsOf(parent)]
}

testInGroup('a group that a dead daemon left is released by the next one', async () => {
  await using group = new OwnGroup()
  await using daemon = await startTestDaemon({ isLeftClean: true })
  await daemon.kill()
  const orphan = groupOfRun(daemon, 'run_of_nobody')
  mkdirSync(path.join(group.folder, orphan), { recursive: true })
  await daemon.start()
  expect(daemon.status.recovered).toMatchObject({ orphans: 1 })
  expect(group.groups()).toEqual([])
})
