import { afterAll, beforeAll, expect, test } from 'vitest'
import { Onlooker, TerminalStage } from '../support/terminal-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }

let stage: TerminalStage
beforeAll(async () => {
  stage = await TerminalStage.start()
})
afterAll(async () => stage[Symbol.asyncDispose]())

const attached = async (name: string): Promise<number> => (await stage.client.show(name)).attached

test('what is typed comes back, and the next one who comes finds it on the screen', async () => {
  await stage.run('typed')
  await using first = await Onlooker.come(stage.client, 'typed')
  await first.told('screen')
  first.stream.write('hello')
  await first.sees('hello')
  await using second = await Onlooker.come(stage.client, 'typed')
  await second.sees('hello')
  second.stream.write(', you')
  await Promise.all([first, second].map((each) => each.sees('hello, you')))
  expect(await attached('typed')).toBe(2)
})

test('what is typed at once, before the terminal is shown, is not lost', async () => {
  await stage.run('hasty')
  await using person = await Onlooker.come(stage.client, 'hasty')
  person.stream.write('at once')
  await person.sees('at once')
})

test('who may look only types nothing, is told so, and their size counts for nothing', async () => {
  await stage.run('looked-at')
  await using person = await Onlooker.come(stage.client, 'looked-at', {
    size: { cols: 100, rows: 30 },
  })
  await person.told('screen')
  await using onlooker = await Onlooker.come(stage.client, 'looked-at', {
    isReadOnly: true,
    size: { cols: 10, rows: 5 },
  })
  expect(onlooker.stream.isReadOnly).toBe(true)
  onlooker.stream.write('not typed')
  // A request of the same connection comes after it.
  onlooker.stream.redraw()
  await waitFor(
    'the screen anew',
    () => onlooker.events.filter((e) => e.type === 'screen').length > 1,
  )
  person.stream.write('typed')
  await person.sees('typed')
  expect(person.text).toBe('typed')
  expect(person.events.some(({ type }) => type === 'resized')).toBe(false)
})

test('the smallest of those who may type gives the size, and all are told', async () => {
  await stage.run('sized')
  await using large = await Onlooker.come(stage.client, 'sized', { size: { cols: 200, rows: 50 } })
  await large.told('screen')
  await using small = await Onlooker.come(stage.client, 'sized', { size: { cols: 90, rows: 60 } })
  expect(await large.told('resized')).toMatchObject({ size: { cols: 90, rows: 50 } })
  small.stream.resize({ cols: 1, rows: 1 })
  await waitFor('the smallest', () =>
    large.events.some((e) => e.type === 'resized' && e.size.cols === 1 && e.size.rows === 1),
  )
})

test('a sleeping agent is woken, but not for one who is back', async () => {
  await stage.run('sleeper')
  await stage.client.sleep('sleeper', up)
  await using back = await Onlooker.come(stage.client, 'sleeper', { isBack: true })
  expect(await back.told('status')).toMatchObject({ status: 'asleep' })
  expect(await stage.client.show('sleeper')).toMatchObject({ status: 'asleep', attached: 1 })
  await using person = await Onlooker.come(stage.client, 'sleeper')
  await Promise.all([back, person].map((each) => each.told('screen')))
  expect(await stage.client.show('sleeper')).toMatchObject({ status: 'idle', attached: 2 })
})

test('who stays when the program ends is told, and sees the next one', async () => {
  await stage.run('ending')
  await using person = await Onlooker.come(stage.client, 'ending')
  await person.told('screen')
  await stage.client.sleep('ending', up)
  expect(await person.told('gone')).toMatchObject({ cause: expect.any(String) as string })
  await waitFor('its sleep to be told', () =>
    person.events.some((e) => e.type === 'status' && e.status === 'asleep'),
  )
  person.stream.write('lost')
  person.stream.wake()
  await waitFor(
    'the next screen',
    () => person.events.filter((e) => e.type === 'screen').length > 1,
  )
  person.stream.write('heard')
  await person.sees('heard')
  expect(person.text).toBe('heard')
})

test('a wake that is refused is told, and who asked may stay', async () => {
  await stage.run('held')
  await using person = await Onlooker.come(stage.client, 'held')
  await person.told('screen')
  await stage.client.stop('held', up)
  await person.told('gone')
  person.stream.wake()
  expect((await person.told('refused')).error.code).toBe('agent_stopped')
  await stage.client.start('held', up)
  await waitFor(
    'the next screen',
    () => person.events.filter((e) => e.type === 'screen').length > 1,
  )
})

test('it ends well for all who are there when the agent is removed', async () => {
  await stage.run('removed')
  await using person = await Onlooker.come(stage.client, 'removed')
  await person.told('screen')
  await stage.client.remove('removed', { force: true, ...up })
  expect(await person.over).toBeNull()
})

test('there is no way to an agent that is not there, is stopped, or has no terminal', async () => {
  const refusal = (name: string): Promise<unknown> =>
    Onlooker.come(stage.client, name).then(
      () => 'taken in',
      (error: { code?: string }) => error.code,
    )
  await stage.run('stopped')
  await stage.client.stop('stopped', up)
  const program: [string] = ['/bin/cat']
  await stage.client.run({ template: 'command', name: 'headless', runtime: 'process', program }, up)
  await stage.client.sleep('headless', up)
  expect(await refusal('headless')).toBe('no_terminal')
  expect(await stage.client.show('headless')).toMatchObject({ status: 'asleep', attached: 0 })
  expect(await refusal('nobody')).toBe('agent_not_found')
  expect(await refusal('stopped')).toBe('agent_stopped')
  expect(await attached('stopped')).toBe(0)
})

test('who did nothing for long keeps it awake no more, is shown all the same, and counts again with a key', async () => {
  await stage.run('forgotten', { attachedMs: 300, idleMs: 0 })
  await using person = await Onlooker.come(stage.client, 'forgotten')
  await person.told('screen')
  await waitFor('them to count no more', async () => (await attached('forgotten')) === 0)
  person.stream.write('here')
  await person.sees('here')
  await waitFor('them to count again', async () => (await attached('forgotten')) === 1)
  await waitFor('them to be forgotten again', async () => (await attached('forgotten')) === 0)
})

test('an agent falls asleep under one who was forgotten', async () => {
  await stage.run('dozing', { attachedMs: 200, idleMs: 100 })
  await using person = await Onlooker.come(stage.client, 'dozing')
  await person.told('gone')
  expect(await stage.client.show('dozing')).toMatchObject({ attached: 0 })
})

test('who is at the terminal of a run that is suspended is told, and is there again when it goes on', async () => {
  await stage.run('resting', { rest: 'suspend' })
  await using person = await Onlooker.come(stage.client, 'resting')
  await person.told('screen')
  person.stream.write('before')
  await person.sees('before')
  await stage.client.sleep('resting', up)
  expect(await person.told('gone')).toMatchObject({ cause: 'its run is suspended' })
  expect(await person.told('status')).toMatchObject({ status: 'asleep', cause: 'suspended' })
  person.stream.wake()
  await waitFor('the screen anew', () => person.events.at(-1)?.type === 'screen')
  person.stream.write(', after')
  await person.sees('before, after')
})

test('the last one who leaves is counted out, however they go', async () => {
  await stage.run('left')
  const person = await Onlooker.come(stage.client, 'left')
  await person.told('screen')
  expect(await attached('left')).toBe(1)
  person.stream.close()
  await waitFor('them to be gone', async () => (await attached('left')) === 0)
})
