import { expect, test } from 'vitest'
import { expectGapless, readEvents, receiptsIn } from '../support/events.ts'
import { ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const numbers = (count: number): number[] => [...Array(count).keys()]

test('fifty messages at once to a sleeping agent make one run, and each sender has its receipt', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'first' }), up)
  await client.sleep('a', up)
  const sent = await Promise.all(
    numbers(50).map(async (number) => await client.send('a', { body: `m${number}` }, up)),
  )
  expect(sent.map(({ state, reply }) => [state, reply])).toEqual(
    numbers(50).map((number) => ['done', `echo: m${number}`]),
  )
  expect(new Set(sent.map(({ run }) => run)).size).toBe(1)
  expect(claude.starts('a')).toHaveLength(2)
  expect(claude.taken('a').toSorted()).toEqual(
    ['first', ...numbers(50).map((number) => `m${number}`)].toSorted(),
  )
  await client.sleep('a', up)
  expectGapless(await readEvents(client))
})

test('messages, wakes and stops that race: each message is done or refused, and none is lost', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'first' }), up)
  const ends: Record<string, number> = {}
  for (const round of numbers(6)) {
    await client.start('a', up)
    const ids = numbers(20).map((number) => `r${round}-${number}`)
    const stopping = Promise.withResolvers<unknown>()
    const sends = ids.map(async (id, index) => {
      const waitSeconds = index === round ? 20 : 0
      await client.send('a', { id, body: id }, { waitSeconds }).catch(codeOf)
      if (index === round) {
        stopping.resolve(client.stop('a', up))
      }
    })
    const wakes = numbers(3).map(async () => await client.wake('a').catch(codeOf))
    await Promise.all([...sends, stopping.promise])
    expect(await Promise.all(wakes)).not.toContain('internal')
    expect(await client.show('a')).toMatchObject({ status: 'stopped', run: null, queued: 0 })
    for (const id of ids) {
      const { state } = await client.message(id)
      ends[state] = (ends[state] ?? 0) + 1
      // What its program was in the middle of is failed by the stop.
      expect(['done', 'refused', 'failed']).toContain(state)
      if (state !== 'failed') {
        expect(claude.taken('a').includes(id), `${id} is ${state}`).toBe(state === 'done')
      }
    }
  }
  expect(ends['done']).toBeGreaterThan(0)
  expect(ends['refused']).toBeGreaterThan(0)
  expect(ends['failed'] ?? 0).toBeLessThanOrEqual(6)
  const taken = claude.taken('a')
  expect(taken).toEqual([...new Set(taken)])
})

test('a stopped agent refuses at once, a message is on record, and nothing wakes it but start', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'first' }), up)
  await client.stop('a', up)
  for (const verb of ['wake', 'restart'] as const) {
    await expect(client.change('a', verb)).rejects.toMatchObject({
      code: 'agent_stopped',
      row: { exit: 4 },
    })
  }
  await expect(client.send('a', { id: 'm', body: 'hello?' })).rejects.toMatchObject({
    code: 'agent_stopped',
  })
  await daemon.restart()
  expect(await client.show('a')).toMatchObject({ status: 'stopped', run: null })
  expect(await client.message('m')).toMatchObject({ state: 'refused' })
  expect(claude.starts('a')).toHaveLength(1)
  expect(await client.start('a', up)).toMatchObject({ status: 'idle' })
  expect(await client.send('a', { body: 'again' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
})

test('a stop is told to whose message waits in line', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a'), up)
  const held = await client.send('a', { body: 'hold' })
  await waitFor('it to be taken', () => claude.taken('a').length === 1)
  const waiting = await client.send('a', { body: 'next' })
  await client.stop('a', up)
  expect(await client.message(waiting.id)).toMatchObject({
    state: 'refused',
    cause: 'the agent is stopped',
  })
  expect(await client.message(held.id)).toMatchObject({
    state: 'failed',
    cause: expect.stringContaining('asked to stop') as string,
  })
  const receipts = receiptsIn(await readEvents(client))
  expect(receipts[waiting.id]).toEqual(['stored', 'refused'])
})

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? error)
}
