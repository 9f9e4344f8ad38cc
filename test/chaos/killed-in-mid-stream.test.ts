import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import type { Event } from '../../src/schema/event.ts'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, readLog, saidIn } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

vi.setConfig({ testTimeout: 60_000 })

const program = fileURLToPath(new URL('../fixtures/counting-agent.mjs', import.meta.url))

/** What the agent says, by its own count. */
const linesUpTo = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${index + 1} für jede Zeile ✓`)

const kills = 4

test('a daemon that is killed again and again while an agent counts aloud loses and repeats no line', async () => {
  using folder = temporaryFolder()
  await using daemon = await startTestDaemon({ isLeftClean: true })
  const { client } = daemon
  const countFile = path.join(folder.path, 'count')
  const { run } = await client.run({
    template: 'command',
    name: 'counter',
    dir: folder.path,
    program: [process.execPath, program, countFile],
  })

  const followed: Event[] = []
  const done = new AbortController()
  const follower = (async () => {
    for await (const event of client.events({ since: 0, signal: done.signal })) {
      followed.push(event)
    }
  })().catch((error: unknown) => {
    if (!done.signal.aborted) {
      throw error
    }
  })
  const hasHeard = (count: number) => () =>
    followed.filter(({ type }) => type === 'text').length >= count

  for (let kill = 1; kill <= kills; kill++) {
    await waitFor('more to be heard', hasHeard(kill * 5))
    expect(await daemon.kill()).toEqual({ code: null, signal: 'SIGKILL' })
    // It goes on counting while nobody listens.
    const { out } = runFiles(path.join(daemon.home.runsFolder, run ?? ''))
    const size = readFileSync(out).length
    await waitFor('the agent to go on', () => readFileSync(out).length > size + 10_000)
    await daemon.start()
    expect(daemon.status.recovered).toMatchObject({
      adopted: 1,
      finished: 0,
      orphans: 0,
      unknown: 0,
    })
  }

  await client.send('counter', { body: 'enough' })
  await waitFor('the run to end', async () => (await client.show('counter')).lastRun !== null)
  expect((await client.show('counter')).lastRun).toMatchObject({
    id: run,
    status: 'exited',
    exitCode: 0,
  })
  expect(existsSync(countFile)).toBe(true)
  const lines = linesUpTo(Number(readFileSync(countFile, 'utf8')))
  expect(lines.length).toBeGreaterThan(1000)

  const events = await readEvents(client)
  await waitFor(
    'the follower to be where the daemon is',
    () => (followed.at(-1)?.seq ?? 0) >= (events.at(-1)?.seq ?? 0),
  )
  done.abort()
  await follower
  expectGapless(followed)
  expectGapless(events)
  expectLines(saidIn(events).trimEnd().split('\n'), lines)
  expectLines(saidIn(followed).trimEnd().split('\n'), lines)
  const log = await readLog(client, 'counter')
  expectLines(
    log.filter(({ stream }) => stream === 'out').map(({ text }) => text),
    lines,
  )
  const raw = Buffer.concat(await Array.fromAsync(await client.logs('counter', { format: 'raw' })))
  expectLines(raw.toString().trimEnd().split('\n'), lines)
})

/** Line for line; says where the first difference is, without printing thousands of lines. */
function expectLines(actual: readonly string[], expected: readonly string[]): void {
  const different = expected.findIndex((line, index) => actual[index] !== line)
  expect({ different, there: actual[different], count: actual.length }).toEqual({
    different: -1,
    there: undefined,
    count: expected.length,
  })
}
