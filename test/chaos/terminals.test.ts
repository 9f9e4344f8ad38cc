import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { sendSignal } from '../../src/util/process-identity.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

vi.setConfig({ testTimeout: 90_000 })

/** Writes down each line that it is told, and answers. */
const taking = `stty -echo; echo ready; while IFS= read -r line; do echo "$line" >>"$1"; echo "took $line"; done`

/** Long after its daemon was ready, or hardly, ms. */
const deaths = [0, 40, 3, 120, 15, 250, 7, 80]

async function startTaker(
  daemon: TestDaemon,
  { name, file }: { name: string; file: string },
): Promise<void> {
  await daemon.client.run(
    {
      template: 'command',
      name,
      runtime: 'tmux',
      dir: path.dirname(file),
      program: ['/bin/sh', '-c', taking, 'sh', file],
      options: { settleMs: 50 },
    },
    { waitSeconds: 20 },
  )
}

function serverPid(daemon: TestDaemon): number {
  const words = ['-S', daemon.home.tmuxSocketFile, 'display-message', '-p', '#{pid}']
  return Number(execFileSync('tmux', words).toString())
}

const linesOf = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch {
    return []
  }
}

describe('an agent at a terminal', () => {
  test('takes each message once and in order, whenever daemons die', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    using folder = temporaryFolder()
    const file = path.join(folder.path, 'taken')
    await startTaker(daemon, { name: 'a', file })
    const { run } = await daemon.client.show('a')
    const sent: string[] = []
    for (const [round, afterMs] of deaths.entries()) {
      for (const part of ['x', 'y']) {
        const body = `message ${round}${part}`
        await daemon.client.send('a', { body, id: `m-${round}${part}` })
        sent.push(body)
      }
      await sleep(afterMs)
      await daemon.restart()
    }
    await waitFor('all to be taken', () => linesOf(file).length >= sent.length)
    expect(linesOf(file)).toEqual(sent)
    // One life: nothing of this was seen by the program.
    expect((await daemon.client.show('a')).run).toBe(run)
    await waitFor('all to be answered', async () => {
      const last = await daemon.client.message(`m-${deaths.length - 1}y`)
      return last.state === 'done'
    })
    await daemon.client.remove('a', { force: true })
    await waitFor('nothing of it to live', async () => (await daemon.marked()).length === 0)
  })

  test('whose tmux server is killed is lost, and wakes on another', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    using folder = temporaryFolder()
    const file = path.join(folder.path, 'taken')
    await startTaker(daemon, { name: 'a', file })
    const { run } = await daemon.client.show('a')
    sendSignal(serverPid(daemon), 'SIGKILL')
    await waitFor('the run to be lost', async () => (await daemon.client.show('a')).run !== run)
    await daemon.client.send('a', { body: 'again', id: 'again' })
    await waitFor('it to be taken', () => linesOf(file).length > 0)
    expect(linesOf(file)).toEqual(['again'])
    await daemon.client.remove('a', { force: true })
    await waitFor('nothing of it to live', async () => (await daemon.marked()).length === 0)
  })

  test('whose tmux server gives no answer is unknown; it and all others go on', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    using folder = temporaryFolder()
    const file = path.join(folder.path, 'taken')
    await startTaker(daemon, { name: 'a', file })
    const { run } = await daemon.client.show('a')
    const pid = serverPid(daemon)
    sendSignal(pid, 'SIGSTOP')
    try {
      await waitFor(
        'it to be unknown',
        async () => (await daemon.client.show('a')).status === 'unknown',
      )
      await daemon.client.run(
        { template: 'command', name: 'other', program: ['/bin/cat'] },
        { waitSeconds: 20 },
      )
      const { id } = await daemon.client.send('other', { body: 'hello' })
      expect(await daemon.client.message(id, { waitSeconds: 20 })).toMatchObject({ state: 'done' })
      // A daemon that comes now has to ask, and is as little held up.
      await daemon.restart()
      expect(daemon.status.recovered).toMatchObject({ adopted: 1, finished: 0 })
    } finally {
      sendSignal(pid, 'SIGCONT')
    }
    await waitFor(
      'it to be known',
      async () => (await daemon.client.show('a')).status !== 'unknown',
    )
    await daemon.client.send('a', { body: 'still there' })
    await waitFor('it to be taken', () => linesOf(file).length > 0)
    expect((await daemon.client.show('a')).run).toBe(run)
    await daemon.client.remove('a', { force: true })
    await daemon.client.remove('other', { force: true })
  })
})
