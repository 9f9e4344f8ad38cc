import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { problemOf, runDrover } from '../support/cli.ts'
import { ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }

test('run in the folder of an agent begins a fresh session of it, with the prompt where there is one', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  const call = { env, cwd: claude.dirOf('a') }
  // It is up: its session ends, another begins.
  expect(await runDrover(['run', '.', 'two', '--wait'], call)).toMatchObject({
    code: 0,
    stdout: 'echo: two\n',
  })
  await client.sleep('a', up)
  // It sleeps.
  expect(await runDrover(['run', '--wait'], call)).toMatchObject({ code: 0, stdout: 'a  idle\n' })
  await client.send('a', { body: 'three' }, up)
  await client.sleep('a', up)
  expect(claude.starts('a').map((start) => start.split(' ')[0])).toEqual([
    'fresh',
    'fresh',
    'fresh',
  ])
  expect(new Set(claude.starts('a')).size).toBe(3)
  expect(await client.list()).toHaveLength(1)
})

test('in mid-turn it waits for the turn, and the prompt is the first of the fresh session', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env } = daemon
  await client.run(claude.agent('a'), up)
  const held = await client.send('a', { body: 'hold' })
  await waitFor('the turn', async () => (await client.message(held.id)).state === 'accepted')
  const call = { env, cwd: claude.dirOf('a') }
  const { stdout } = await runDrover(['run', '.', 'two', '--json'], call)
  const made = JSON.parse(stdout) as Awaited<ReturnType<typeof client.run>>
  expect(made).toMatchObject({ name: 'a', status: 'working' })
  claude.release('a')
  expect(await client.message(held.id, up)).toMatchObject({ state: 'done' })
  const second = await client.message(String(made.message?.id), up)
  expect(second).toMatchObject({ state: 'done', reply: 'echo: two' })
  expect(second.run).not.toBe((await client.message(held.id)).run)
  await client.sleep('a', up)
})

test('the folder is meant, by whatever way it is reached; tasks that live there are not', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  const failed = claude.agent('b', { prompt: 'refuse', ephemeral: true })
  await client.run({ ...failed, dir: claude.dirOf('a') }, up)
  const link = path.join(claude.dirOf('b'), 'link')
  symlinkSync(claude.dirOf('a'), link)
  const { code, stdout } = await runDrover(['run', '.', 'two', '--dir', link, '--wait'], { env })
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'echo: two\n' })
  await client.sleep('a', up)
  await client.remove('b', { force: true, ...up })
})

test('nobody in the folder, several, or more than one that is there can be given, is refused by name', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  await client.run({ ...claude.agent('b', { prompt: 'one' }), dir: claude.dirOf('a') }, up)
  const empty = path.join(claude.dirOf('a'), 'empty')
  mkdirSync(empty)
  const refuse = async (cwd: string, ...argv: string[]): Promise<unknown> => {
    const result = await runDrover(['run', '--json', ...argv], { env, cwd })
    expect(result.stdout).toBe('')
    return { exit: result.code, ...problemOf(result) }
  }
  expect(await refuse(empty)).toMatchObject({
    exit: 3,
    code: 'agent_not_found',
    detail: `template: is missing, and no agent works in ${empty}; name a template to make one.`,
  })
  expect(await refuse(claude.dirOf('a'))).toMatchObject({
    exit: 2,
    code: 'invalid_request',
    detail: `name: is missing, and several agents work in ${claude.dirOf('a')}: a, b.`,
    details: { field: 'name' },
  })
  expect(await refuse(claude.dirOf('a'), '--name', 'c')).toMatchObject({
    exit: 3,
    detail: expect.stringContaining('no agent c works in') as string,
  })
  for (const [field, ...argv] of [
    ['model', '--model', 'm'],
    ['env', '--env', 'A=1'],
    ['lifecycle', '--idle', '1h'],
    ['budget', '--budget-usd', '1'],
    ['ephemeral', '--ephemeral'],
    ['program', '--', 'cat'],
  ]) {
    const found = await refuse(claude.dirOf('a'), '--name', 'a', ...argv)
    expect(found).toMatchObject({ exit: 2, code: 'invalid_request', details: { field } })
  }
  expect(claude.starts('a')).toHaveLength(2)
  // Which one is said by name.
  const call = { env, cwd: claude.dirOf('a') }
  const named = await runDrover(['run', '.', 'two', '--name', 'b', '--wait'], call)
  expect(named.stdout).toBe('echo: two\n')
  await client.stop('a', up)
  expect(await refuse(claude.dirOf('a'), '--name', 'a')).toMatchObject({
    exit: 4,
    code: 'agent_stopped',
  })
  await client.sleep('b', up)
})

test('the same request twice is one session, also after the agent was stopped', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  const request = { dir: claude.dirOf('a'), prompt: 'two', requestId: 'launch-1' }
  const first = await client.run(request, up)
  const second = await client.run(request, up)
  expect(second.message).toMatchObject({ id: 'launch-1', state: 'done', run: first.message?.run })
  await client.stop('a', up)
  expect((await client.run(request, up)).message).toMatchObject({ id: 'launch-1', state: 'done' })
  expect(claude.taken('a')).toEqual(['one', 'two'])
  await expect(client.run({ ...request, prompt: 'three' })).rejects.toMatchObject({
    code: 'conflict',
  })
  await client.run(claude.agent('other'), up)
  const elsewhere = { ...request, dir: claude.dirOf('other') }
  await expect(client.run(elsewhere)).rejects.toMatchObject({ code: 'conflict' })
  await client.sleep('other', up)
})
