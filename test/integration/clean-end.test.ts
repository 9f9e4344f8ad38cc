import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startTestDaemon } from '../support/daemon.ts'

test('a daemon that is asked to end lets go of those who wait, and has nothing to complain of', async () => {
  await using daemon = await startTestDaemon({ isLeftClean: true })
  const { client } = daemon
  const program = ['/bin/sh', '-c', 'while read -r line; do :; done']
  await client.run({ template: 'command', name: 'mute', program }, { waitSeconds: 10 })
  const { id } = await client.send('mute', { body: 'hello' })
  const waits = Array.from({ length: 50 }, async (_, index) => {
    const wait = { waitSeconds: 60 }
    await (index % 2 === 0 ? client.message(id, wait) : client.wake('mute', wait)).catch(() => null)
  })
  // Looks that begin now, and are in their middle then.
  const looks = Array.from({ length: 50 }, async () => await client.reconcile().catch(() => null))
  // Each has its answer held back before the end comes.
  await client.status()
  expect(await daemon.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  await Promise.all([...waits, ...looks])
  const log = readFileSync(daemon.home.logFile, 'utf8').trimEnd().split('\n')
  expect(log.filter((line) => /^\{"level":[5-9]0/.test(line))).toEqual([])
  await daemon.start()
  await client.sleep('mute', { waitSeconds: 10 })
})
