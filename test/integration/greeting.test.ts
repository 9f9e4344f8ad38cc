import { expect, test } from 'vitest'
import { GreetedStage, limit } from '../support/greeted-stage.ts'

test('a program is greeted, then told its session, then its messages, each once and in order', async () => {
  await using stage = new GreetedStage()
  await stage.up()
  await stage.make({ initialPrompt: 'who you are' })
  await stage.send('m1', 'one')
  await stage.send('m2', 'two')
  expect(await stage.answer('m1')).toMatchObject({ state: 'done', reply: 'heard one' })
  expect(await stage.answer('m2')).toMatchObject({ state: 'done', reply: 'heard two' })
  const session = 'session of a'
  expect(stage.told()).toEqual([
    { hello: 'a' },
    { open: 'a' },
    { id: expect.any(String), text: 'who you are', session },
    { id: 'm1', text: 'one', session },
    { id: 'm2', text: 'two', session },
  ])
})

test('who goes on with its session is greeted with it, and has no initial prompt again', async () => {
  await using stage = new GreetedStage()
  await stage.up()
  await stage.make({ initialPrompt: 'who you are' })
  await stage.send('m1', 'one')
  await stage.answer('m1')
  await stage.daemon.verbs.sleep('a', limit)
  await stage.send('m2', 'two')
  await stage.answer('m2')
  expect(stage.told().slice(-3)).toEqual([
    { hello: 'session of a' },
    { open: 'session of a' },
    { id: 'm2', text: 'two', session: 'session of session of a' },
  ])
})

test('a program that says it can not be talked to fails its run with its own words', async () => {
  await using stage = new GreetedStage('refuse')
  await stage.up()
  await stage.make()
  await stage.send('m1', 'one')
  expect(await stage.answer('m1')).toMatchObject({
    state: 'failed',
    cause: 'the program could not be brought up: its session is gone',
  })
  expect(stage.told().every((line) => !('text' in line))).toBe(true)
})

test('a program that does not answer its greeting is ended at its ready deadline, and tried no more than so often', async () => {
  await using stage = new GreetedStage('mute')
  await stage.up()
  await stage.make({ lifecycle: { readyMs: 300, tries: 2 } })
  await stage.send('m1', 'one')
  expect(await stage.answer('m1')).toMatchObject({ state: 'dead' })
  const { store } = stage.daemon.context
  const [agent] = [...store.agents.list()]
  expect(store.runs.listOfAgent(agent?.id ?? '').map(({ status }) => status)).toEqual([
    'failed',
    'failed',
  ])
})

test('a daemon that comes after another goes on with the greeting, and repeats no word of it', async () => {
  await using stage = new GreetedStage()
  await stage.up()
  await stage.make()
  await stage.send('m1', 'one')
  await stage.daemon.stop()
  await stage.up()
  expect(await stage.answer('m1')).toMatchObject({ state: 'done', reply: 'heard one' })
  expect(stage.told().map((line) => Object.keys(line)[0])).toEqual(['hello', 'open', 'id'])
})
