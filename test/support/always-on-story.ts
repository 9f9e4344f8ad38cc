import { existsSync } from 'node:fs'
import { expect } from 'vitest'
import { sendSignal } from '../../src/util/process-identity.ts'
import type { TestDaemon } from './daemon.ts'
import { readEvents } from './events.ts'
import { waitFor } from './wait-for.ts'

/** Says each line back, with its own pid; ends at `die`. */
export const echoing = [
  'sh',
  '-c',
  'while read -r line; do [ "$line" = die ] && exit 3; echo "$$ $line"; done',
]

/** Starts wait for no room on a machine that is busy with tests. */
export const hurriedConfig = {
  admission: { freeBytes: 0, memoryPressure: 100, cpuPressure: 100 },
} as const

/** Waits until the agent `guard` has a run, another one than that. */
export async function isUp({ client }: TestDaemon, but: string | null = null): Promise<string> {
  let run: string | null = null
  await waitFor('a run of its own', async () => {
    run = (await client.show('guard')).run
    return run !== null && run !== but
  })
  return run ?? ''
}

/** Sends to the agent `guard`, and resolves to what it said to that. */
export async function ask({ client }: TestDaemon, text: string): Promise<string> {
  const { id } = await client.send('guard', { body: text })
  const message = await client.message(id, { waitSeconds: 60 })
  expect(message.state).toBe('done')
  return message.reply ?? ''
}

/**
 * The whole life of an agent that is always on, before a real supervisor: it is begun again whatever
 * ends it, with a daemon and without; a stop holds its messages and leaves it; `rm` takes its unit away.
 */
export async function liveAlwaysOn(
  daemon: TestDaemon,
  { runtime, unitFile }: { runtime: string; unitFile: string },
): Promise<void> {
  const { client } = daemon
  const wish = { template: 'command', name: 'guard', program: echoing, runtime }
  await client.run({ ...wish, alwaysOn: true })
  expect(await ask(daemon, 'one')).toMatch(/^\d+ one$/)
  expect(existsSync(unitFile)).toBe(true)
  const first = await isUp(daemon)
  await client.send('guard', { body: 'die' })
  const second = await isUp(daemon, first)
  const pid = Number((await ask(daemon, 'two')).split(' ')[0])
  const events = await readEvents(client)
  expect(events.find(({ type, run }) => type === 'run.ended' && run === first)?.data).toMatchObject(
    { status: 'failed', exitCode: 3 },
  )

  await daemon.kill()
  sendSignal(pid, 'SIGKILL')
  await daemon.start()
  const third = await isUp(daemon, second)
  expect(daemon.status.recovered.orphans).toBe(0)
  const held = (await ask(daemon, 'three')).split(' ')[0]

  await client.stop('guard')
  await expect(client.send('guard', { body: 'no' })).rejects.toMatchObject({
    code: 'agent_stopped',
  })
  await daemon.restart()
  await client.start('guard')
  expect(await ask(daemon, 'four')).toBe(`${held} four`)
  expect(await isUp(daemon)).toBe(third)

  await client.remove('guard', { force: true, waitSeconds: 60 })
  expect(existsSync(unitFile)).toBe(false)
  await waitFor('nothing to be left', async () => (await daemon.marked()).length === 0)
}
