import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { worktreeFaultPoints } from '../../src/daemon/fault-point.ts'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { GitFolder, gitIn } from '../support/git-folder.ts'
import { insist } from '../support/insist.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'
import { findMarkedProcesses } from '../../src/util/process-identity.ts'

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n')

/** An agent that puts what it takes into `notes`, outside of its worktree. */
const taker = (repository: GitFolder, notes: string): RunRequestInput => ({
  template: 'command',
  name: 'a',
  program: ['/bin/sh', agentScript, notes],
  dir: repository.path,
  worktree: {},
  prompt: 'm1',
  requestId: 'r1',
})

/** Asks until a daemon answers; the next one is started where one died. */
function asker(daemon: TestDaemon): <T>(request: () => Promise<T>) => Promise<T> {
  return (request) =>
    insist(async () => {
      await daemon.exited
      await daemon.start({ env: {} })
    }, request)
}

/** The one that it removes may be gone when the answer is lost. */
async function remove({ client }: TestDaemon): Promise<void> {
  await client.remove('a', { force: true, waitSeconds: 20 }).catch((error: { code?: string }) => {
    if (error.code !== 'agent_not_found') {
      throw error
    }
  })
}

describe.concurrent('a daemon that is killed', { timeout: 60_000 }, () => {
  test.each(worktreeFaultPoints)(
    'at %s makes the worktree whole, once, and removes it whole',
    async (fault) => {
      using repository = new GitFolder()
      using notes = temporaryFolder()
      repository.commit({ '.gitignore': '.env\n', 'deep/one.txt': '1' })
      repository.write({ '.worktreeinclude': '.env\n', '.env': 'A=1' })
      await using daemon = await startTestDaemon({
        env: { DROVER_FAULT: fault },
        isLeftClean: true,
      })
      const { client } = daemon
      const first = daemon.exited
      const ask = asker(daemon)
      const { message } = await ask(() => client.run(taker(repository, notes.path)))
      await ask(async () =>
        expect((await client.message(message?.id ?? '', { waitSeconds: 20 })).state).toBe('done'),
      )
      const { spec } = await ask(() => client.show('a'))
      const folder = spec.worktree?.folder ?? ''
      expect(linesOf(path.join(notes.path, 'taken'))).toEqual(['m1'])
      expect(repository.worktrees()).toEqual([folder])
      expect(gitIn(folder, 'status', '--porcelain')).toBe('')
      expect(gitIn(folder, 'branch', '--show-current')).toBe(spec.worktree?.branch)
      expect(readFileSync(path.join(folder, '.env'), 'utf8')).toBe('A=1')
      await ask(() => remove(daemon))
      await ask(async () => expect(await client.list({ all: true })).toEqual([]))
      await ask(async () => expect(await client.worktrees.list()).toEqual([]))
      expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
      expect(repository.worktrees()).toEqual([])
      expect(repository.branches()).toEqual(['main'])
      expect(readdirSync(daemon.home.worktreesFolder)).toEqual([])
    },
  )

  test('while git fills the worktree ends that git, and makes it anew', async () => {
    using repository = new GitFolder()
    using notes = temporaryFolder()
    const slow = path.join(notes.path, 'slow')
    const hold = path.join(notes.path, 'hold')
    writeFileSync(slow, `#!/bin/sh\nwhile [ -e '${hold}' ]; do sleep 0.05; done\nexec cat\n`)
    chmodSync(slow, 0o755)
    repository.commit({ '.gitattributes': '*.slow filter=slow\n', 'a.txt': 'a', 'b.slow': 'b' })
    repository.git('config', 'filter.slow.smudge', slow)
    writeFileSync(hold, '')
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const { message } = await client.run(taker(repository, notes.path))
    const { id, spec } = await client.show('a')
    const folder = spec.worktree?.folder ?? ''
    const mark = `DROVER_WORKTREE=${id}\0`
    await waitFor('git to be at work', async () => {
      const marked = await findMarkedProcesses(mark)
      return marked.some(({ command }) => command === 'slow')
    })
    expect((await client.worktrees.show('a')).standing).toBe('in-use')
    const before = new Set((await findMarkedProcesses(mark)).map(({ pid }) => pid))
    await daemon.kill()
    expect((await findMarkedProcesses(mark)).length).toBeGreaterThan(0)
    await daemon.start()
    await waitFor('the git of before to be gone', async () => {
      const marked = await findMarkedProcesses(mark)
      return marked.every(({ pid }) => !before.has(pid))
    })
    rmSync(hold)
    expect((await client.message(message?.id ?? '', { waitSeconds: 20 })).state).toBe('done')
    expect(gitIn(folder, 'status', '--porcelain')).toBe('')
    expect(readFileSync(path.join(folder, 'b.slow'), 'utf8')).toBe('b')
    expect(repository.worktrees()).toEqual([folder])
    await remove(daemon)
  })

  test('before it removed a worktree that was clean looks at it again: what came meanwhile is kept', async () => {
    using repository = new GitFolder()
    using notes = temporaryFolder()
    await using daemon = await startTestDaemon({
      env: { DROVER_FAULT: 'worktree-condemned' },
      isLeftClean: true,
    })
    const { client } = daemon
    const { message } = await client.run(taker(repository, notes.path))
    await client.message(message?.id ?? '', { waitSeconds: 20 })
    const folder = (await client.show('a')).spec.worktree?.folder ?? ''
    await remove(daemon).catch(() => undefined)
    await daemon.exited
    writeFileSync(path.join(folder, 'late.txt'), 'late')
    await daemon.start({ env: {} })
    await waitFor(
      'the agent to be gone',
      async () => (await client.list({ all: true })).length === 0,
    )
    expect(await client.worktrees.list()).toMatchObject([{ standing: 'dirty', hasAgent: false }])
    expect(existsSync(path.join(folder, 'late.txt'))).toBe(true)
  })

  test.each(['worktree-condemned', 'worktree-set-aside', 'worktree-removed', 'branch-removed'])(
    'in a prune at %s leaves nothing that the next prune does not finish',
    async (fault) => {
      using repository = new GitFolder()
      using notes = temporaryFolder()
      await using daemon = await startTestDaemon({ isLeftClean: true })
      const { client } = daemon
      const { message } = await client.run(taker(repository, notes.path))
      await client.message(message?.id ?? '', { waitSeconds: 20 })
      const folder = (await client.show('a')).spec.worktree?.folder ?? ''
      writeFileSync(path.join(folder, 'kept.txt'), 'x')
      await remove(daemon)
      gitIn(folder, 'clean', '--quiet', '--force')
      await daemon.kill()
      await daemon.start({ env: { DROVER_FAULT: fault } })
      const died = daemon.exited
      await client.worktrees.prune({ dryRun: false }).catch(() => undefined)
      expect(await died).toEqual({ code: null, signal: 'SIGKILL' })
      await daemon.start({ env: {} })
      expect(await client.worktrees.prune({ dryRun: false })).toMatchObject([{ isRemoved: true }])
      expect(await client.worktrees.list()).toEqual([])
      expect(repository.worktrees()).toEqual([])
      expect(repository.branches()).toEqual(['main'])
      expect(readdirSync(daemon.home.worktreesFolder)).toEqual([])
    },
  )
})
