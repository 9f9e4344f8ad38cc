import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { waitFor } from '../support/wait-for.ts'

const mebibyte = 1024 * 1024

/** Prints numbered lines of 16 bytes for each number it reads, so many KiB of them. */
const printer = ['sh', '-c', 'while read -r kib; do seq -f "%015.0f" "$((kib * 64))"; done']

async function readRaw(client: Client, agent: string): Promise<string> {
  const chunks = await Array.fromAsync(await client.logs(agent, { format: 'raw' }))
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString()
}

test('a live run that says too much gives up the beginning of its record and keeps the end, byte for byte', async () => {
  await using daemon = await startTestDaemon({ config: { retention: { agentBytes: mebibyte } } })
  const { client, home } = daemon
  const { run } = await client.run({ template: 'command', name: 'talker', program: printer })
  const { out } = runFiles(path.join(home.runsFolder, run ?? ''))
  await client.send('talker', { body: '3072' })
  await waitFor('3 MiB to be on disk', () => statSync(out).size === 3 * mebibyte)
  await waitFor('its beginning to be given up', () => statSync(out).blocks * 512 <= mebibyte)

  const whole = Array.from(
    { length: 3072 * 64 },
    (_, index) => `${String(index + 1).padStart(15, '0')}\n`,
  ).join('')
  const kept = await readRaw(client, 'talker')
  expect(kept.length).toBeGreaterThanOrEqual(mebibyte / 2)
  expect(kept.length).toBeLessThanOrEqual(mebibyte)
  expect(kept).toBe(whole.slice(-kept.length))

  await client.send('talker', { body: '1' })
  await waitFor('it to go on', () => statSync(out).size === 3 * mebibyte + 1024)
})

test('the oldest finished runs of an agent are given up, the latest is kept', async () => {
  await using daemon = await startTestDaemon({ config: { retention: { agentBytes: mebibyte } } })
  const { client, home } = daemon
  await client.run({
    template: 'command',
    name: 'worker',
    program: ['sh', '-c', 'read -r kib; seq -f "%015.0f" "$((kib * 64))"'],
  })
  for (const id of ['first', 'second', 'third', 'fourth']) {
    await client.send('worker', { body: '400', id }, { waitSeconds: 30 })
    await waitFor('its run to end', async () => (await client.show('worker')).run === null)
  }
  await waitFor('two runs to be left', () => readdirSync(home.runsFolder).length === 2)
  const { lastRun } = await client.show('worker')
  expect(readdirSync(home.runsFolder)).toContain(lastRun?.id)
  const kept = await readRaw(client, 'worker')
  expect(kept.length).toBe(2 * 400 * 1024)
})
