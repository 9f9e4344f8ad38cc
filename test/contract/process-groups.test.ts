import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { RunReference } from '../../src/runtimes/contract.ts'
import { findGroups } from '../../src/runtimes/limits/find-groups.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import { createGroup, groupFolder } from '../../src/runtimes/limits/limit-group.ts'
import { emptyGroup, removeGroup } from '../../src/runtimes/limits/release-group.ts'
import { createRunFolder, readExit } from '../../src/runtimes/run-folder.ts'
import { createId } from '../../src/util/id.ts'
import { canLimitGroups, canMakeGroups, OwnGroup } from '../support/own-group.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'
import { greedyShellPrograms, type Argv } from './runtime-programs.ts'

const testAsRoot = requireOrSkip('root', process.getuid?.() === 0)
const testInGroup = requireOrSkip('cgroup2', canMakeGroups)
const testWithLimits = requireOrSkip('cgroup2-controllers', canLimitGroups, { isOfMachine: true })

const limitedScript = fileURLToPath(
  new URL('../../src/runtimes/limits/limited.sh', import.meta.url),
)
const signal = AbortSignal.timeout(120_000)
const mebibyte = 1024 * 1024

interface Ended {
  code: number | null
  said: string
}

/** A program under `limited.sh`, which gets these words for its limits, to its end. */
async function runLimited(words: readonly string[], program: Argv): Promise<Ended> {
  using folder = temporaryFolder()
  // Not a pipe: what the program leaves behind may keep that open.
  const said = path.join(folder.path, 'said')
  const output = openSync(said, 'w')
  try {
    const child = spawnLimited(words, program, ['ignore', output, output])
    const [code] = (await once(child, 'exit')) as [number | null]
    return { code, said: readFileSync(said, 'utf8') }
  } finally {
    closeSync(output)
  }
}

function spawnLimited(
  words: readonly string[],
  program: Argv,
  stdio: StdioOptions = ['pipe', 'ignore', 'inherit'],
): ChildProcess {
  return spawn('/bin/sh', [limitedScript, ...words, ...program], {
    stdio,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  })
}

function createRun(instance: string, folder: string): RunReference {
  const run = { id: createId('run'), instance, folder }
  createRunFolder(folder)
  return run
}

/** A group as a daemon leaves it that died right after it was made. */
function abandonGroup({ folder }: OwnGroup, run: RunReference): string {
  const group = path.join(folder, `drover-${run.instance}`, run.id)
  mkdirSync(group, { recursive: true })
  return group
}

describe('limited.sh', () => {
  testInGroup('becomes the program, in the group, under the pid it had', async () => {
    await using group = new OwnGroup()
    const child = spawnLimited([group.folder, '', ''], ['/bin/cat'])
    await waitFor(
      'cat in the group',
      async () =>
        (await group.processes()).includes(child.pid ?? 0) &&
        readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'cat\n',
    )
    child.stdin?.end()
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  testInGroup('does not begin when the group is gone', async () => {
    await using group = new OwnGroup()
    const gone = path.join(group.folder, 'gone')
    const { code, said } = await runLimited([gone, '', ''], ['/bin/echo', 'began'])
    expect(code).toBe(125)
    expect(said).toBe(
      `drover: the program was not started, for its limits could not be set: ${gone} can't be entered\n`,
    )
  })

  test('does not begin when a limit can not be set', async () => {
    const { code, said } = await runLimited(['', 'much', ''], ['/bin/echo', 'began'])
    expect(code).toBe(125)
    expect(said).toContain('ulimit -d much')
    expect(said).not.toContain('began')
  })

  testAsRoot('leaves a limit that is lower already', async () => {
    const nested: Argv = ['/bin/sh', limitedScript, '', '200000', '', '/bin/sh', '-c', 'ulimit -d']
    // Root may raise a limit, so it must be no longer one that may.
    const plain: Argv = ['/usr/bin/setpriv', '--bounding-set=-all', '--reuid=54321', ...nested]
    expect(await runLimited(['', '100000', ''], plain)).toEqual({
      code: 0,
      said: '100000\n',
    })
  })

  testInGroup('bounds the processes of a user', async () => {
    // Only to end what stays.
    await using group = new OwnGroup()
    const asUser = (program: Argv): Argv => [
      '/usr/bin/setpriv',
      '--reuid=54321',
      '--regid=54321',
      '--clear-groups',
      ...program,
    ]
    const many = asUser(greedyShellPrograms.multiply(40))
    expect((await runLimited([group.folder, '', '20'], many)).said).not.toContain('ready')
    const few = asUser(greedyShellPrograms.multiply(3))
    expect((await runLimited([group.folder, '', '40'], few)).said).toContain('ready')
  })
})

describe('a group', () => {
  testInGroup('is emptied of all, also of what hides, and removed with what is in it', async () => {
    await using own = new OwnGroup()
    const run = { id: 'run_1', instance: createId('home'), folder: '' }
    const base = { folder: own.folder, path: '/', isRoot: true, controllers: [] }
    const group = groupFolder(base, run)
    await createGroup(base, group, {})
    await createGroup(base, group, {})
    mkdirSync(path.join(group, 'of-the-program'))
    const hidden: Argv = ['/bin/sh', '-c', 'env -i setsid --fork sleep 1000']
    for (const folder of [group, path.join(group, 'of-the-program')]) {
      expect((await runLimited([folder, '', ''], hidden)).code).toBe(0)
    }
    expect(await findGroups(run.instance)).toEqual([{ run: run.id, folder: group }])
    await emptyGroup(group, signal)
    expect(existsSync(group)).toBe(true)
    await removeGroup(group, signal)
    await removeGroup(group, signal)
    expect(own.groups()).toEqual([])
    expect(await findGroups(run.instance)).toEqual([])
  })

  testInGroup('of a home stays while another run has one in it', async () => {
    await using own = new OwnGroup()
    const base = { folder: own.folder, path: '/', isRoot: true, controllers: [] }
    const [one, other] = ['run_1', 'run_2'].map((id) =>
      groupFolder(base, { id, instance: 'home_1', folder: '' }),
    ) as [string, string]
    await createGroup(base, one, {})
    await createGroup(base, other, {})
    await removeGroup(one, signal)
    expect(own.groups()).toEqual(['drover-home_1', 'drover-home_1/run_2'])
    await removeGroup(other, signal)
    expect(own.groups()).toEqual([])
  })

  testInGroup(
    'of a daemon that died is listed and released, with no folder of its run',
    async () => {
      await using own = new OwnGroup()
      using folder = temporaryFolder()
      const runtime = new ProcessRuntime({ spares: 0 })
      const instance = createId('home')
      const run = { id: createId('run'), instance, folder: path.join(folder.path, 'gone') }
      const group = abandonGroup(own, run)
      expect(await runtime.list(instance)).toEqual([{ run: run.id, what: `cgroup ${group}` }])
      expect(await runtime.list(createId('home'))).toEqual([])
      await runtime.destroy(run, null, signal)
      await runtime.destroy(run, null, signal)
      expect(await runtime.list(instance)).toEqual([])
      expect(own.groups()).toEqual([])
    },
  )
})

describe('a run in a group with limits', () => {
  const start = async (
    { folder }: { folder: string },
    limits: { memoryBytes?: number; cpus?: number; pids?: number },
    argv: Argv,
  ) => {
    const runtime = new ProcessRuntime({ spares: 0 })
    const run = createRun(createId('home'), folder)
    const env = { PATH: '/usr/bin:/bin' }
    const handle = await runtime.start({ run, argv, env, cwd: '/', limits }, signal)
    const [found] = await findGroups(run.instance)
    const group = found?.folder ?? ''
    const destroy = async (): Promise<void> => await runtime.destroy(run, handle, signal)
    return { runtime, run, handle, group, [Symbol.asyncDispose]: destroy }
  }
  const exitOf = async ({ folder }: RunReference): Promise<unknown> => {
    await waitFor('an ending', () => readExit(folder) !== null)
    return readExit(folder)
  }

  testWithLimits('that runs out of memory says so, and its record is whole', async () => {
    using folder = temporaryFolder()
    const limits = { memoryBytes: 32 * mebibyte }
    await using started = await start(
      { folder: folder.path },
      limits,
      greedyShellPrograms.allocate(200 * mebibyte),
    )
    const { runtime, run } = started
    const killed = { code: null, signal: 'SIGKILL' }
    expect(await exitOf(run)).toEqual(killed)
    expect(runtime.explainExit(run, killed)).toBe('out of memory: its limit is 32 MiB')
  })

  testWithLimits('starts in as little as may be asked for', async () => {
    using folder = temporaryFolder()
    const limits = { memoryBytes: 4 * mebibyte, cpus: 0.1, pids: 1 }
    await using started = await start({ folder: folder.path }, limits, ['/bin/echo', 'began'])
    expect(await exitOf(started.run)).toEqual({ code: 0, signal: null })
    expect(readFileSync(path.join(folder.path, 'out'), 'utf8')).toBe('began\n')
  })

  testWithLimits('gets no more of the processors than it may', async () => {
    using folder = temporaryFolder()
    const busy: Argv = ['/bin/sh', '-c', 'while :; do :; done']
    await using started = await start({ folder: folder.path }, { cpus: 0.1 }, busy)
    expect(readFileSync(path.join(started.group, 'cpu.max'), 'utf8')).toBe('10000 100000\n')
    await waitFor('it to be held back', () =>
      /^nr_throttled [1-9]/m.test(readFileSync(path.join(started.group, 'cpu.stat'), 'utf8')),
    )
  })

  testWithLimits('has its holder outside, and ends to the last that hides', async () => {
    using folder = temporaryFolder()
    const hiding: Argv = [
      '/bin/sh',
      '-c',
      'env -i setsid --fork sleep 1000; echo ready; exec sleep 1000',
    ]
    await using started = await start({ folder: folder.path }, { pids: 10 }, hiding)
    const { runtime, run, handle, group } = started
    await waitFor('ready', () => readFileSync(path.join(folder.path, 'out'), 'utf8') === 'ready\n')
    const inside = readFileSync(path.join(group, 'cgroup.procs'), 'utf8').trim().split('\n')
    expect(inside).toHaveLength(2)
    expect(inside).not.toContain(String(handle['pid']))
    await runtime.stop(run, handle, { askMs: 0, graceMs: 10_000, signal })
    expect(readFileSync(path.join(group, 'cgroup.procs'), 'utf8')).toBe('')
    expect(readExit(run.folder)).toEqual({ code: null, signal: 'SIGTERM' })
    await runtime.destroy(run, handle, signal)
    expect(await runtime.list(run.instance)).toEqual([])
    expect(existsSync(path.dirname(group))).toBe(false)
  })

  testWithLimits('that is given up on its way up leaves no group and no holder', async () => {
    using folder = temporaryFolder()
    const run = createRun(createId('home'), folder.path)
    const runtime = new ProcessRuntime({ spares: 0 })
    const aborting = new AbortController()
    const launch = { run, argv: ['/bin/cat'] as const, env: {}, cwd: '/', limits: { pids: 5 } }
    const starting = runtime.start(launch, aborting.signal)
    aborting.abort(new Error('enough'))
    await expect(starting).rejects.toThrow('enough')
    expect(await runtime.list(run.instance)).toEqual([])
    expect(existsSync(path.join(folder.path, 'holder'))).toBe(false)
    await runtime.destroy(run, null, signal)
  })
})
