import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { insist } from '../support/insist.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { canLimitGroups, OwnGroup } from '../support/own-group.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))

const testWithLimits = requireOrSkip('cgroup2-controllers', canLimitGroups, { isOfMachine: true })

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n')

testWithLimits.for(['launch-prepared', 'group-made', 'run-spawned', 'run-ended', 'run-released'])(
  'a daemon that is killed at %s leaves no group of a limited agent, and loses nothing',
  async (fault) => {
    using folder = temporaryFolder()
    await using group = new OwnGroup(['memory', 'cpu', 'pids'])
    await using daemon = await startTestDaemon({
      env: { DROVER_FAULT: fault },
      isLeftClean: true,
      launcher: group.enter(),
    })
    const { client } = daemon
    const first = daemon.exited
    const startNext = async (): Promise<void> => {
      await daemon.exited
      // In the group that was moved to, where one was: the one above may have no processes then.
      const below = group.groups().includes('drover-daemon') ? 'drover-daemon' : ''
      await daemon.start({ env: {}, launcher: group.enter(below) })
    }
    const ask = <T>(request: () => Promise<T>): Promise<T> => insist(startNext, request)
    const made = await ask(() =>
      client.run({
        template: 'command',
        name: 'a',
        program: ['/bin/sh', agentScript, folder.path],
        dir: folder.path,
        prompt: 'm1',
        requestId: 'r1',
        limits: { memoryBytes: 64 * 1024 * 1024, cpus: 1, pids: 20 },
      }),
    )
    const { message } = made
    await ask(async () =>
      expect((await client.message(message?.id ?? '', { waitSeconds: 20 })).state).toBe('done'),
    )
    await ask(() => client.sleep('a', { waitSeconds: 20 }))
    await ask(() => client.send('a', { id: 'm2', body: 'm2' }))
    await ask(async () =>
      expect((await client.message('m2', { waitSeconds: 20 })).state).toBe('done'),
    )
    await ask(() => client.sleep('a', { waitSeconds: 20 }))
    expect(linesOf(path.join(folder.path, 'taken'))).toEqual(['m1', 'm2'])
    expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
    expect(group.groups()).toEqual(['drover-daemon'])
  },
)
