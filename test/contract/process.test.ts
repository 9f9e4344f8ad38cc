import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Handle } from '../../src/runtimes/contract.ts'
import { countOtherTasks } from '../support/count-other-tasks.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import { createRunFolder } from '../../src/runtimes/run-folder.ts'
import {
  findMarkedProcesses,
  identifyProcess,
  isProcessAlive,
  sendSignal,
} from '../../src/util/process-identity.ts'
import { waitUntil } from '../../src/util/wait.ts'
import { describeRuntime } from './describe-runtime.ts'
import { greedyShellPrograms, shellPrograms } from './runtime-programs.ts'

const deadlineMs = 30_000

/** KILL to all of a run at once, the holder first, so that nobody records anything. */
async function vanish(runId: string, handle: Handle): Promise<void> {
  const holder = handle as unknown as { pid: number; startTime: string; bootId: string }
  sendSignal(-holder.pid, 'SIGKILL')
  for (const { pid } of await findMarkedProcesses(`DROVER_RUN=${runId}`)) {
    sendSignal(pid, 'SIGKILL')
  }
  await waitUntil(async () => !(await isProcessAlive(holder)), { deadlineMs })
}

const suite = (name: string, createRuntime: () => Promise<ProcessRuntime>): void =>
  describeRuntime(
    name,
    async () => {
      const runtimes = [await createRuntime(), await createRuntime()]
      return {
        createRuntime: () => runtimes.shift() ?? new ProcessRuntime(),
        programs: shellPrograms,
        addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_'],
        impostors: (handle) => [
          { ...handle, startTime: '1' },
          { ...handle, bootId: '00000000-0000-4000-8000-000000000000' },
          { ...handle, pid: 1 },
        ],
        vanish: async ({ id }, handle) => await vanish(id, handle),
        limits: { programs: greedyShellPrograms, otherTasks: countOtherTasks },
      }
    },
    { canBeUnknown: false },
  )

suite('process', async () => new ProcessRuntime({ spares: 0 }))

suite('process, from spare shells', async () => {
  const runtime = new ProcessRuntime({ spares: 2 })
  runtime.spares.prepare({
    PATH: process.env['PATH'] ?? '',
    HOME: '/nowhere',
    LANG: 'C',
    TZ: 'UTC',
  })
  await waitUntil(() => runtime.spares.size === 2, { deadlineMs })
  return runtime
})

describe('the process runtime', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-process-'))
  let signal: AbortSignal
  beforeEach(() => {
    signal = AbortSignal.timeout(60_000)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('takes a zombie for dead', async () => {
    // Its parent becomes a program that never waits for it; only then the child ends.
    const parent = spawn('/bin/sh', ['-c', '(read line <&3) & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    })
    try {
      const [text] = (await once(parent.stdout!, 'data')) as [Buffer]
      const pid = Number(text.toString())
      const isSleep = (): boolean => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n'
      expect(await waitUntil(isSleep, { deadlineMs })).toBe(true)
      parent.stdio[3]?.destroy()
      const isZombie = (): boolean => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
      expect(await waitUntil(isZombie, { deadlineMs })).toBe(true)
      expect(await identifyProcess(pid)).toBeNull()
    } finally {
      parent.kill('SIGKILL')
    }
  })

  test('never signals who has got the number of an old handle', async () => {
    const bystander = spawn('/bin/sleep', ['1000'], { detached: true, stdio: 'ignore' })
    try {
      const identity = await identifyProcess(bystander.pid ?? 0)
      const run = { id: 'run_old', instance: 'home_old', folder: path.join(folder, 'run_old') }
      createRunFolder(run.folder)
      const runtime = new ProcessRuntime()
      const old = { v: 1, ...identity, startTime: '1' } as Handle
      await runtime.stop(run, old, { askMs: 10, graceMs: 10, signal })
      await runtime.destroy(run, old, signal)
      expect(identity && (await isProcessAlive(identity))).toBe(true)
    } finally {
      bystander.kill('SIGKILL')
    }
  })

  test('needs no daemon: a run outlives the process that started it', async () => {
    const run = {
      id: 'run_orphan',
      instance: 'home_orphan',
      folder: path.join(folder, 'run_orphan'),
    }
    createRunFolder(run.folder)
    const starter = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `
      import { ProcessRuntime } from ${JSON.stringify(path.resolve('src/runtimes/process/index.ts'))}
      const launch = { run: ${JSON.stringify(run)}, argv: ['/bin/cat'], env: {}, cwd: '/' }
      console.log(JSON.stringify(await new ProcessRuntime().start(launch, new AbortController().signal)))
      process.kill(process.pid, 'SIGKILL')
    `,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const [[line]] = await Promise.all([
      once(starter.stdout, 'data') as Promise<[Buffer]>,
      once(starter, 'exit'),
    ])
    const handle = JSON.parse(line.toString()) as Handle
    const runtime = new ProcessRuntime()
    expect(await runtime.recover(run, handle, signal)).toEqual({ state: 'running', handle })
    await runtime.destroy(run, handle, signal)
    expect(await runtime.list(run.instance)).toEqual([])
    expect(existsSync(path.join(run.folder, 'bell'))).toBe(false)
  })
})
