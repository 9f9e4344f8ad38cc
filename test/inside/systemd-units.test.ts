import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRunFolder, readExit, runFiles } from '../../src/runtimes/run-folder.ts'
import type { Handle, Launch, RunReference } from '../../src/runtimes/contract.ts'
import { SystemdRuntime } from '../../src/runtimes/systemd/index.ts'
import { findManager, isUnitThere } from '../../src/runtimes/systemd/manager.ts'
import { createId } from '../../src/util/id.ts'
import { identifyProcess, sendSignal } from '../../src/util/process-identity.ts'
import { shellPrograms } from '../contract/runtime-programs.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const isRoot = process.getuid?.() === 0
/** Under cgroup v1 a user manager can bound nothing. */
const canBound = isRoot || existsSync('/sys/fs/cgroup/cgroup.controllers')
const manager = findManager(process.env, process.getuid?.() ?? 0)
const runtime = new SystemdRuntime()
/** Says when it is there. */
const readyCopy: Launch['argv'] = ['/bin/sh', '-c', 'echo ready; exec cat']
const mebibyte = 1024 * 1024

let folder: string
let signal: AbortSignal
let begun: { run: RunReference; handle: Handle | null }[] = []
beforeEach(() => {
  folder = createTemporaryFolder()
  signal = AbortSignal.timeout(60_000)
})
afterEach(async () => {
  for (const { run, handle } of begun) {
    await runtime.destroy(run, handle, AbortSignal.timeout(30_000))
    expect(await runtime.list(run.instance)).toEqual([])
  }
  begun = []
  rmSync(folder, { recursive: true, force: true })
})

function prepare(parent = folder, instance = createId('home')): RunReference {
  const id = createId('run')
  const run = { id, instance, folder: path.join(parent, id) }
  createRunFolder(run.folder)
  begun.push({ run, handle: null })
  return run
}

async function start(
  argv: Launch['argv'],
  { run = prepare(), ...rest }: Partial<Launch> = {},
): Promise<{ run: RunReference; handle: Handle }> {
  const env = { PATH: '/usr/bin:/bin' }
  const handle = await runtime.start({ run, argv, env, cwd: folder, ...rest }, signal)
  begun = begun.map((each) => (each.run === run ? { run, handle } : each))
  return { run, handle }
}

async function systemctl(...args: string[]): Promise<string> {
  const all = [...(manager.kind === 'user' ? ['--user'] : []), ...args]
  return (await promisify(execFile)('systemctl', all, { env: manager.env })).stdout
}

async function said(run: RunReference, text: string): Promise<void> {
  const { out } = runFiles(run.folder)
  await waitFor(`it to say ${text}`, () => readFileSync(out, 'utf8') === text)
}

const forgotten = async (handle: Handle): Promise<void> =>
  await waitFor('the unit to be forgotten', () => !isUnitThere(manager, String(handle['unit'])))

describe('the end of a unit', () => {
  test.runIf(canBound)('for want of memory is told as that, with its limit', async () => {
    // The program itself is what wants too much.
    const bs = `bs=${300 * mebibyte}`
    const { run, handle } = await start(
      ['/bin/dd', 'if=/dev/zero', 'of=/dev/null', bs, 'count=1'],
      {
        limits: { memoryBytes: 64 * mebibyte },
      },
    )
    await waitFor('its end', () => readExit(run.folder) !== null)
    const exit = readExit(run.folder)!
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' })
    // At once, and when systemd has forgotten all of it.
    expect(runtime.explainExit(run, exit)).toBe('out of memory: its limit is 64 MiB')
    await forgotten(handle)
    expect(runtime.explainExit(run, exit)).toBe('out of memory: its limit is 64 MiB')
  })

  test('by KILL to all of it is on record, though nobody in it could write', async () => {
    const { run, handle } = await start(shellPrograms.stubborn)
    await said(run, 'ready\n')
    await systemctl('kill', '--signal=SIGKILL', String(handle['unit']))
    await waitFor('its end', () => readExit(run.folder) !== null)
    const exit = { code: null, signal: 'SIGKILL' }
    expect(await runtime.recover(run, handle, signal)).toEqual({ state: 'exited', exit })
    expect(runtime.explainExit(run, exit)).toBe('all of its unit was killed (SIGKILL)')
    await forgotten(handle)
  })

  test('by systemd itself lets the holder write, and is no surprise', async () => {
    const { run, handle } = await start(readyCopy)
    await said(run, 'ready\n')
    await systemctl('stop', String(handle['unit']))
    expect(readExit(run.folder)).toEqual({ code: null, signal: 'SIGTERM' })
    expect(runtime.explainExit(run, { code: null, signal: 'SIGTERM' })).toBeNull()
  })

  test('when only its holder is killed takes the program along', async () => {
    const { run, handle } = await start(readyCopy)
    await said(run, 'ready\n')
    sendSignal(Number(handle['pid']), 'SIGKILL')
    await waitFor('its end', () => readExit(run.folder) !== null)
    await forgotten(handle)
    expect(await runtime.list(run.instance)).toEqual([])
  })

  test('that systemd has forgotten is what the record says, and without one it is lost', async () => {
    const { run, handle } = await start(shellPrograms.exit(0))
    await waitFor('its end', () => readExit(run.folder) !== null)
    await forgotten(handle)
    const exit = { code: 0, signal: null }
    expect(await runtime.recover(run, handle, signal)).toEqual({ state: 'exited', exit })
    rmSync(runFiles(run.folder).exit)
    expect(await runtime.recover(run, handle, signal)).toMatchObject({ state: 'lost' })
    expect(await runtime.recover(run, null, signal)).toMatchObject({ state: 'lost' })
  })
})

describe('a unit', () => {
  // systemd 252 itself loses dollars and semicolons when it reads again what it wrote.
  test.for([
    ['anywhere', `a "b" $HOME \${x} %n %% 'c' \\t;`],
    ['anywhere, also when systemd reads it anew', `a "b" 'c' %n %% \\t`],
  ] as const)('can have its folder %s', async ([where, name]) => {
    const parent = path.join(folder, name)
    mkdirSync(parent)
    const { run, handle } = await start(shellPrograms.stubborn, { run: prepare(parent) })
    await said(run, 'ready\n')
    if (where !== 'anywhere') {
      await systemctl('daemon-reload')
    }
    expect(await runtime.recover(run, handle, signal)).toEqual({ state: 'running', handle })
    await systemctl('kill', '--signal=SIGKILL', String(handle['unit']))
    await waitFor('its end', () => readExit(run.folder) !== null)
    expect(readExit(run.folder)).toEqual({ code: null, signal: 'SIGKILL' })
  })

  test('has a name that is of its run, whatever its ids hold', async () => {
    const instance = 'home-/%n-$a ü'
    const { run, handle } = await start(shellPrograms.copy, { run: prepare(folder, instance) })
    const found = (await runtime.list(instance)).filter(({ what }) => what.startsWith('unit '))
    expect(found).toEqual([{ run: run.id, what: `unit ${String(handle['unit'])}` }])
    expect(await systemctl('is-active', '--', String(handle['unit']))).toBe('active\n')
  })

  test('shows nothing of the environment to anybody, neither on a command line nor by systemd', async () => {
    const secret = `s3cret-${createId('run')}`
    const { run, handle } = await start(shellPrograms.copy, { env: { KEY: secret } })
    runtime.notifyInput(run, 0)
    const lines = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        } catch {
          return ''
        }
      })
    expect(lines.filter((line) => line.includes(secret))).toEqual([])
    const unit = String(handle['unit'])
    expect(await systemctl('show', '--', unit)).not.toContain(secret)
    expect(await systemctl('cat', '--', unit)).not.toContain(secret)
    // What it was told in is gone once it was read.
    await waitFor('the file to be gone', () => !readdirSync(run.folder).includes('launch'))
  })

  test('that is not this start of it is nobody we know', async () => {
    const { run, handle } = await start(shellPrograms.copy)
    const other = { ...handle, invocationId: '0'.repeat(32) }
    expect(await runtime.recover(run, other, signal)).toMatchObject({ state: 'lost' })
    expect(await runtime.recover(run, handle, signal)).toMatchObject({ state: 'running' })
  })

  test('does not begin where its folder is not there', async () => {
    const cwd = path.join(folder, 'none')
    await expect(start(shellPrograms.copy, { cwd })).rejects.toMatchObject({
      code: 'start_failed',
      message: expect.stringContaining(`there is no folder ${cwd}`) as string,
    })
  })

  test('gets no variable that no shell passes on', async () => {
    await expect(start(shellPrograms.copy, { env: { 'a-b': '1' } })).rejects.toMatchObject({
      code: 'start_failed',
      details: { field: 'env.a-b' },
    })
  })
})

describe('a manager', () => {
  test('is named by the probe', async () => {
    const { detail } = await runtime.probe(signal)
    expect(detail).toMatch(new RegExp(`^units of systemd \\d+, ${manager.kind} manager; limits: `))
  })

  test('that is not there makes the runtime unusable, with the way out', async () => {
    const probe = await new SystemdRuntime({}, 4242).probe(signal)
    expect(probe).toMatchObject({
      usable: false,
      detail: 'systemd has no user manager for this user',
    })
    expect(probe.hint).toContain('loginctl enable-linger')
  })

  // Nobody can stop the system's.
  test.skipIf(isRoot)('that gives no answer is unknown, and nothing is touched', async () => {
    const one = await start(readyCopy)
    await said(one.run, 'ready\n')
    const other = await start(shellPrograms.copy)
    const pid = await managerPid()
    sendSignal(pid, 'SIGSTOP')
    try {
      sendSignal(Number(one.handle['pid']), 'SIGKILL')
      await waitFor('its death', async () => (await runtime.inspect(one.handle)) === 'dead')
      expect(await runtime.recover(one.run, one.handle, signal)).toMatchObject({ state: 'unknown' })
      expect(await runtime.recover(other.run, other.handle, signal)).toMatchObject({
        state: 'running',
      })
      const late = AbortSignal.timeout(500)
      const run = prepare()
      const launch = { run, argv: shellPrograms.copy, env: {}, cwd: folder }
      await expect(runtime.start(launch, late)).rejects.toThrow()
      expect(await runtime.recover(run, null, signal)).toMatchObject({ isUnstarted: true })
    } finally {
      sendSignal(pid, 'SIGCONT')
    }
    await waitFor('its end', () => readExit(one.run.folder) !== null)
    expect(await runtime.recover(one.run, one.handle, signal)).toMatchObject({ state: 'exited' })
  })
})

/** The user manager's own process: the parent of its units. */
async function managerPid(): Promise<number> {
  const { run, handle } = await start(shellPrograms.copy)
  const pid = Number(handle['pid'])
  const parent = Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  expect((await identifyProcess(parent))?.pid).toBe(parent)
  await runtime.destroy(run, handle, signal)
  return parent
}
