import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Daemon } from '../../src/daemon/index.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'
import { startOnFake } from '../support/fake-daemon.ts'

const soon = { seconds: 10, signal: new AbortController().signal }
const notAtAll = { ...soon, seconds: 0 }
const request = { template: 'command', runtime: 'fake', program: ['env', 'reply'] }

async function make(daemon: Daemon, name: string, prompt: string): Promise<string> {
  const made = await daemon.agents.create(RunRequest.parse({ ...request, name, prompt }))
  return made.message?.id ?? ''
}

/** What all programs ever said, by the files they said it into. */
function saidIn(folder: string): string[] {
  const runs = path.join(folder, 'runs')
  return readdirSync(runs)
    .flatMap((run) => readFileSync(path.join(runs, run, 'out'), 'utf8').split('\n'))
    .filter(Boolean)
    .toSorted()
}

async function endAll(daemon: Daemon): Promise<void> {
  for (const { name } of daemon.agents.list(true)) {
    await daemon.verbs.stop(name, soon)
  }
  await daemon.stop()
}

describe('a daemon whose runtime is wedged', () => {
  test.each(['start-hangs', 'stop-hangs'] as const)(
    '(%s) looks after the others, ends all the same, and the next one goes on',
    async (fault) => {
      using folder = temporaryFolder()
      const before = new FakeRuntime()
      const first = await startOnFake(folder.path, before)
      before.faults.arm(fault)
      const id = await make(first, 'a', 'one')
      if (fault === 'stop-hangs') {
        expect((await first.mailbox.await(id, soon)).state).toBe('done')
        await first.verbs.sleep('a', notAtAll)
      }
      const other = await make(first, 'b', 'meanwhile')
      expect((await first.mailbox.await(other, soon)).reply).toBe('reply: meanwhile')
      // Not its deadline ends it: that of a start is four minutes.
      await first.stop()

      const second = await startOnFake(folder.path, new FakeRuntime(before.machine))
      try {
        expect((await second.mailbox.await(id, soon)).state).toBe('done')
        const { id: next } = second.mailbox.send('a', { body: 'two', from: 'user' })
        expect((await second.mailbox.await(next, soon)).reply).toBe('reply: two')
        expect(saidIn(folder.path)).toEqual(['reply: meanwhile', 'reply: one', 'reply: two'])
      } finally {
        await endAll(second)
      }
      expect(before.machine.processes).toEqual([])
    },
  )
})

describe('a start whose answer is lost', () => {
  test('has brought its program up all the same: it takes its message once', async () => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime()
    const daemon = await startOnFake(folder.path, runtime)
    try {
      runtime.faults.arm('start-loses-answer')
      const id = await make(daemon, 'a', 'one')
      expect(await daemon.mailbox.await(id, soon)).toMatchObject({ state: 'done' })
      expect(saidIn(folder.path)).toEqual(['reply: one'])
      expect(runtime.machine.processes).toHaveLength(1)
    } finally {
      await endAll(daemon)
    }
    expect(runtime.machine.processes).toEqual([])
  })

  test('is not made again while it can not be asked for, and taken up once it can', async () => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime()
    const daemon = await startOnFake(folder.path, runtime)
    try {
      runtime.faults.arm('start-loses-answer')
      runtime.faults.arm('recover-unknown', Infinity)
      const id = await make(daemon, 'a', 'one')
      await waitFor('it to be unknown', () => daemon.agents.show('a').status === 'unknown')
      await daemon.verbs.wake('a', {}, notAtAll)
      expect(runtime.machine.processes).toHaveLength(1)
      runtime.faults.disarm('recover-unknown')
      expect(await daemon.mailbox.await(id, soon)).toMatchObject({ state: 'done' })
      expect(saidIn(folder.path)).toEqual(['reply: one'])
    } finally {
      await endAll(daemon)
    }
    expect(runtime.machine.processes).toEqual([])
  })
})
