import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { insist } from '../support/insist.ts'
import { waitFor } from '../support/wait-for.ts'

const mebibyte = 1024 * 1024
const config = { retention: { agentBytes: mebibyte } }
/** Prints numbered lines of 16 bytes for each number it reads, so many KiB of them. */
const print = 'read -r kib || exit; seq -f "%015.0f" "$((kib * 64))"'

async function readRaw(client: Client, agent: string): Promise<string> {
  const chunks = await Array.fromAsync(await client.logs(agent, { format: 'raw' }))
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString()
}

test.for(['run-folder-dropped', 'run-dropped', 'run-folder-dropped:2'])(
  'a daemon that is killed at %s while it gives up old runs leaves none of them half there',
  async (fault) => {
    await using daemon = await startTestDaemon({ config, env: { DROVER_FAULT: fault } })
    const { client, home } = daemon
    const first = daemon.exited
    const ask = <T>(request: () => Promise<T>): Promise<T> =>
      insist(async () => {
        await daemon.exited
        await daemon.start({ env: {} })
      }, request)
    const program = ['sh', '-c', print]
    await ask(() => client.run({ template: 'command', name: 'a', program, requestId: 'r' }))
    for (const id of ['one', 'two', 'three', 'four', 'five']) {
      await ask(() => client.send('a', { body: '400', id }))
      await ask(() => client.message(id, { waitSeconds: 30 }))
      await waitFor('its run to end', async () => (await ask(() => client.show('a'))).run === null)
    }
    await waitFor('the first daemon to be killed', async () => {
      await ask(() => client.status())
      return readdirSync(home.runsFolder).length === 2
    })
    expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
    expect((await readRaw(client, 'a')).length).toBe(2 * 400 * 1024)
    expect(readdirSync(home.runsFolder)).toContain((await client.show('a')).lastRun?.id)
  },
)

test.for(['output-given-up', 'output-punched'])(
  'a daemon that is killed at %s while it gives up the beginning of an output keeps the rest, byte for byte',
  async (fault) => {
    await using daemon = await startTestDaemon({ config, env: { DROVER_FAULT: fault } })
    const { client, home } = daemon
    const first = daemon.exited
    const program = ['sh', '-c', `while :; do ${print}; done`]
    const { run } = await client.run({ template: 'command', name: 'a', program })
    const { out } = runFiles(path.join(home.runsFolder, run ?? ''))
    await client.send('a', { body: '3072' })
    expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
    await daemon.start({ env: {} })
    await client.send('a', { body: '1024' })
    await waitFor('all of it to be on disk', () => statSync(out).size === 4 * mebibyte)
    await waitFor('its beginning to be given up', () => statSync(out).blocks * 512 <= mebibyte)
    const lines = [3072, 1024].flatMap((kib) =>
      Array.from({ length: kib * 64 }, (_, index) => index),
    )
    const whole = lines.map((index) => `${String(index + 1).padStart(15, '0')}\n`).join('')
    const kept = await readRaw(client, 'a')
    expect(kept.length).toBeGreaterThanOrEqual(mebibyte / 2)
    expect(kept).toBe(whole.slice(-kept.length))
  },
)
