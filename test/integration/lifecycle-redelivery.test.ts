import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readEvents, receiptsIn } from '../support/events.ts'
import { quickConfig, ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const up = { waitSeconds: 30 }
const manyDeaths = { restart: { ...quickConfig.restart, deaths: 100 } }

test('a message that ends each program before it is taken is dead after its tries, and holds up no other', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, manyDeaths)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'first' }), up)
  await client.sleep('a', up)
  const poison = await client.send('a', { body: 'poison' })
  const next = await client.send('a', { body: 'next' })
  expect(await client.message(poison.id, up)).toMatchObject({
    state: 'dead',
    run: expect.any(String) as string,
    cause: 'the program did not take it, 3 times: exit code 7: poisoned',
  })
  expect(await client.message(next.id, up)).toMatchObject({ state: 'done', reply: 'echo: next' })
  expect(claude.starts('a')).toHaveLength(1 + 3 + 1)
  expect(claude.taken('a')).toEqual(['first', 'next'])
  // A receipt only moves forward, however often its message is given.
  const receipts = receiptsIn(await readEvents(client))
  expect(receipts[poison.id]).toEqual(['stored', 'waking', 'delivered', 'dead'])
  expect(receipts[next.id]).toEqual(['stored', 'waking', 'delivered', 'accepted', 'done'])
  await client.sleep('a', up)
})

test('a message that a program took before it died is failed, and given to no other', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, manyDeaths)
  const { client } = daemon
  await client.run(claude.agent('a'), up)
  const crash = await client.send('a', { body: 'crash' })
  const next = await client.send('a', { body: 'next' })
  expect(await client.message(crash.id, up)).toMatchObject({
    state: 'failed',
    cause: 'the run ended before the turn was over: exit code 7: crashed',
  })
  expect(await client.message(next.id, up)).toMatchObject({ state: 'done' })
  expect(claude.taken('a')).toEqual(['crash', 'next'])
  await client.sleep('a', up)
})

test('a message may be given as often as its agent says: once, for one', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, manyDeaths)
  const { client } = daemon
  const request = claude.agent('a', { prompt: 'poison', lifecycle: { tries: 1 } })
  const { message } = await client.run(request, up)
  expect(message).toMatchObject({
    state: 'dead',
    cause: 'the program did not take it, once: exit code 7: poisoned',
  })
  expect(claude.starts('a')).toHaveLength(1)
})

test('the tries of a message are counted over daemons that die', async () => {
  using claude = new ScriptedClaude()
  const restart = { backoffMs: 300, backoffMostMs: 300, deaths: 100 }
  await using daemon = await startWithClaude(claude, { restart })
  const { client } = daemon
  const request = claude.agent('a', { prompt: 'poison', lifecycle: { tries: 4 } })
  const { message } = await client.run(request)
  await daemon.restart()
  await daemon.restart()
  expect(await client.message(String(message?.id), up)).toMatchObject({
    state: 'dead',
    cause: expect.stringContaining('4 times') as string,
  })
  expect(claude.starts('a')).toHaveLength(4)
})

test('a plain program that dies with a message has it once and never again', async () => {
  using folder = temporaryFolder()
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, manyDeaths)
  const { client } = daemon
  const line = 'read -r line; echo "$line" >>taken; exit 3'
  await client.run(
    {
      template: 'command',
      name: 'a',
      dir: folder.path,
      program: ['/bin/sh', '-c', line],
      lifecycle: { restart: 'on-failure' },
    },
    up,
  )
  for (const body of ['one', 'two']) {
    expect(await client.send('a', { body }, up)).toMatchObject({
      state: 'failed',
      cause: 'the run ended before the turn was over: exit code 3',
    })
  }
  await client.stop('a', up)
  expect(readFileSync(path.join(folder.path, 'taken'), 'utf8')).toBe('one\ntwo\n')
})
