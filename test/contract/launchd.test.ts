import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Handle, Launch } from '../../src/runtimes/contract.ts'
import { LaunchdRuntime } from '../../src/runtimes/launchd/index.ts'
import { createRunFolder, runFiles } from '../../src/runtimes/run-folder.ts'
import { fileSize } from '../../src/util/file-size.ts'
import { createId } from '../../src/util/id.ts'
import { isProcessAlive, sendSignal } from '../../src/util/process-identity.ts'
import { FakeLaunchd } from '../support/fake-launchd.ts'
import { readJob } from '../support/launchd-plist.ts'
import { createTemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'
import { describeRuntime } from './describe-runtime.ts'
import { greedyShellPrograms, shellPrograms, type RuntimePrograms } from './runtime-programs.ts'

/**
 * Not on a Mac: the real driver, scripts and programs, before a launchd of the tests' own. Nothing
 * here is found by /proc but what a process is, which `ps` tells on a Mac.
 */
const programs: RuntimePrograms = {
  ...shellPrograms,
  // What leaves its group is nobody's on macOS: there is no mark to find it by.
  family: [
    '/bin/sh',
    '-c',
    `sh -c 'trap "" TERM; echo ready; while :; do sleep 1000; done' & read -r line; sleep 1000`,
  ],
}

const holderOf = (handle: Handle): { pid: number; startTime: string; bootId: string } =>
  handle as unknown as { pid: number; startTime: string; bootId: string }

/** KILL to all of it at once; with its service gone, too, nobody knows anything. */
async function vanish(handle: Handle): Promise<void> {
  sendSignal(-holderOf(handle).pid, 'SIGKILL')
  await waitFor('its end', async () => !(await isProcessAlive(holderOf(handle))))
}

describeRuntime(
  'launchd',
  async () => {
    const folder = createTemporaryFolder()
    const launchd = await FakeLaunchd.start(folder)
    return {
      createRuntime: () => new LaunchdRuntime({ platform: 'darwin', program: launchd.program }),
      programs,
      addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_'],
      impostors: (handle) => [
        { ...handle, startTime: '1' },
        { ...handle, bootId: '00000000-0000-4000-8000-000000000000' },
        { ...handle, pid: 1 },
      ],
      vanish: async (_, handle) => await vanish(handle),
      isListedUntilDestroyed: true,
      limits: { programs: greedyShellPrograms, otherTasks: async () => 0 },
      close: async () => {
        await launchd[Symbol.asyncDispose]()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
  { canBeUnknown: false },
)

describe('launchd', () => {
  const signal = AbortSignal.timeout(120_000)

  interface Stage {
    launchd: FakeLaunchd
    runtime: LaunchdRuntime
    start: (
      argv: Launch['argv'],
      rest?: Partial<Launch>,
    ) => Promise<{ run: Launch['run']; handle: Handle }>
  }

  async function onStage(
    act: (stage: Stage) => Promise<void>,
    { uid = process.getuid?.() ?? 0, within = '' } = {},
  ): Promise<void> {
    using folder = temporaryFolder()
    await using launchd = await FakeLaunchd.start(path.join(folder.path, 'launchd'), [
      uid === 0 ? 'system' : `gui/${uid}`,
    ])
    const runtime = new LaunchdRuntime({ platform: 'darwin', program: launchd.program, uid })
    await act({
      launchd,
      runtime,
      start: async (argv, rest = {}) => {
        const id = createId('run')
        const run = { id, instance: 'home_1', folder: path.join(folder.path, within, id) }
        createRunFolder(run.folder)
        const env = { PATH: '/usr/bin:/bin' }
        const handle = await runtime.start({ run, argv, env, cwd: '/', ...rest }, signal)
        return { run, handle }
      },
    })
  }

  test('that gives no answer is unknown, and touches nothing', async () => {
    await onStage(async ({ launchd, runtime, start }) => {
      const one = await start(['/bin/cat'])
      const other = await start(['/bin/cat'])
      launchd.isWedged = true
      sendSignal(-holderOf(one.handle).pid, 'SIGKILL')
      await waitFor('its death', async () => (await runtime.inspect(one.handle)) === 'dead')
      const soon = (): AbortSignal => AbortSignal.timeout(300)
      await expect(runtime.recover(one.run, one.handle, soon())).rejects.toThrow(/./)
      await expect(runtime.recover(other.run, null, soon())).rejects.toThrow(/./)
      expect(await runtime.recover(other.run, other.handle, soon())).toMatchObject({
        state: 'running',
      })
      expect(await runtime.inspect(other.handle)).toBe('alive')
      await expect(runtime.list('home_1', soon())).rejects.toThrow(/./)
      await expect(runtime.destroy(one.run, one.handle, soon())).rejects.toThrow(/./)
      launchd.isWedged = false
      expect(await runtime.recover(one.run, one.handle, signal)).toEqual({
        state: 'lost',
        cause: 'its process is gone and left no record (Killed: 9)',
      })
      await runtime.destroy(other.run, other.handle, signal)
    })
  })

  test('whose program can not be called is unknown, and starts nothing', async () => {
    await onStage(async ({ launchd, runtime, start }) => {
      const { run, handle } = await start(['/bin/cat'])
      const broken = new LaunchdRuntime({ platform: 'darwin', program: '/no/launchctl' })
      expect(await broken.recover(run, null, signal)).toMatchObject({ state: 'unknown' })
      await vanish(handle)
      expect(await broken.recover(run, handle, signal)).toEqual({
        state: 'unknown',
        cause: 'launchd gives no answer',
      })
      expect(await broken.probe(signal)).toMatchObject({ usable: false })
      await runtime.destroy(run, handle, signal)
      expect(launchd.labels).toEqual([])
    })
  })

  test('that refuses a service says why, and leaves nothing', async () => {
    await onStage(
      async ({ launchd, runtime, start }) => {
        launchd.domains.delete('gui/501')
        await expect(start(['/bin/cat'])).rejects.toMatchObject({
          code: 'start_failed',
          message: expect.stringContaining('Domain does not support specified action') as string,
        })
        expect(await runtime.list('home_1', signal)).toEqual([])
      },
      { uid: 501 },
    )
  })

  test('has in its list of a run nothing of what it runs, and with what', async () => {
    await onStage(async ({ runtime, start }) => {
      const { run, handle } = await start(
        ['/bin/sh', '-c', 'echo "$KEY"; exec cat', 's3cret', 'control \u0007 \r\n character'],
        { env: { KEY: 'also s3cret' } },
      )
      await waitFor('its word', () => fileSize(runFiles(run.folder).out) > 0)
      const plist = path.join(run.folder, 'job.plist')
      expect(readFileSync(plist, 'utf8')).not.toContain('s3cret')
      expect(statSync(plist).mode & 0o777).toBe(0o600)
      expect(readdirSync(run.folder)).not.toContain('launch')
      expect(readFileSync(runFiles(run.folder).out, 'utf8')).toBe('also s3cret\n')
      await runtime.destroy(run, handle, signal)
    })
  })

  test('takes a home whose path is odd, and refuses what no property list can hold', async () => {
    const within = `a "b" <&> 'c' %n $HOME\r\n ü`
    await onStage(
      async ({ runtime, start }) => {
        const { run, handle } = await start(['/bin/cat'])
        expect(await runtime.recover(run, null, signal)).toEqual({ state: 'running', handle })
        await runtime.destroy(run, null, signal)
      },
      { within },
    )
    await onStage(
      async ({ start }) =>
        await expect(start(['/bin/cat'])).rejects.toMatchObject({
          details: { field: 'ProgramArguments[4]' },
        }),
      { within: 'a\u0007b' },
    )
  })

  test('bounds the processes of a user, and refuses what it can not bound', async () => {
    const uid = 4242
    await onStage(
      async ({ runtime, start }) => {
        const { run, handle } = await start(['/bin/cat'], { limits: { pids: 100 } })
        expect(readJob(path.join(run.folder, 'job.plist'))).toMatchObject({
          SoftResourceLimits: { NumberOfProcesses: 100 },
          HardResourceLimits: { NumberOfProcesses: 100 },
        })
        await runtime.destroy(run, handle, signal)
        for (const limits of [{ memoryBytes: 2 ** 30 }, { cpus: 1 }]) {
          expect(await runtime.checkLimits({ limits, reservedBytes: 0 })).toMatchObject({
            limit: Object.keys(limits)[0],
            reason: expect.stringContaining('launchd has no groups') as string,
          })
        }
      },
      { uid },
    )
  })

  test('is not used where it is not', async () => {
    const runtime = new LaunchdRuntime({ platform: 'linux', program: '/no/launchctl' })
    expect(await runtime.probe(signal)).toEqual({
      usable: false,
      detail: 'not on linux',
      hint: null,
    })
    expect(await runtime.list('home_1', signal)).toEqual([])
  })
})
