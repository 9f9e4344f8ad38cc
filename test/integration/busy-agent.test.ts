import { beforeEach, afterEach, describe, expect, test } from 'vitest'
import { waitFor } from '../support/wait-for.ts'
import { GreetedStage, limit } from '../support/greeted-stage.ts'

let stage: GreetedStage
beforeEach(async () => {
  stage = new GreetedStage()
  await stage.up()
  await stage.make()
  await stage.send('busy', 'wait')
  await accepted('busy')
})
afterEach(async () => await stage[Symbol.asyncDispose]())

async function accepted(id: string): Promise<void> {
  await waitFor(`${id} is accepted`, () => stage.daemon.mailbox.show(id).state === 'accepted')
}

const told = (): unknown[] =>
  stage.told().map(({ text, interrupt, model }) => text ?? model ?? { interrupt })

describe('a message to an agent that is in a turn', () => {
  test('waits for its end', async () => {
    await stage.send('m', 'next')
    expect(stage.daemon.mailbox.show('m')).toMatchObject({ state: 'stored', entry: null })
    await stage.daemon.turns.interrupt('a', limit)
    expect(await stage.answer('m')).toMatchObject({ mode: 'queue', entry: 'turn', state: 'done' })
    expect(await stage.answer('busy')).toMatchObject({ state: 'failed', cause: 'interrupted' })
  })

  test('joins it where it is to steer, before those that wait', async () => {
    await stage.send('waits', 'later')
    await stage.send('m', 'now', 'steer')
    expect(await stage.answer('m')).toMatchObject({
      mode: 'steer',
      entry: 'steered',
      state: 'done',
    })
    expect(await stage.answer('busy')).toMatchObject({ state: 'done', reply: 'heard now' })
    expect(await stage.answer('waits')).toMatchObject({ entry: 'turn', state: 'done' })
    expect(told().slice(-3)).toEqual(['wait', 'now', 'later'])
  })

  test('ends it where it is to interrupt, and is next though others wait', async () => {
    await stage.send('waits', 'later')
    await stage.send('m', 'now', 'interrupt')
    expect(await stage.answer('m')).toMatchObject({ mode: 'interrupt', entry: 'interrupted' })
    expect(await stage.answer('busy')).toMatchObject({ state: 'failed', cause: 'interrupted' })
    expect(await stage.answer('waits')).toMatchObject({ state: 'done' })
    expect(told().slice(-4)).toEqual(['wait', { interrupt: true }, 'now', 'later'])
  })

  test('to steer reaches an idle agent as a turn of its own', async () => {
    await stage.daemon.turns.interrupt('a', limit)
    await stage.send('m', 'now', 'steer')
    expect(await stage.answer('m')).toMatchObject({ mode: 'steer', entry: 'turn', state: 'done' })
    expect(stage.told().at(-1)).not.toHaveProperty('steer')
  })
})

describe('an interrupt', () => {
  test('of an agent in no turn does nothing and says so', async () => {
    expect(await stage.daemon.turns.interrupt('a', limit)).toMatchObject({
      did: 'interrupted',
      agent: { status: 'idle' },
    })
    expect(await stage.daemon.turns.interrupt('a', limit)).toMatchObject({ did: 'nothing' })
    expect(told().filter((one) => typeof one === 'object' && one !== null)).toHaveLength(
      stage.told().filter(({ text }) => !text).length,
    )
  })
})

describe('a change of an agent that is in a turn', () => {
  test('reaches its program at once where that can', async () => {
    const { when, agent } = await stage.daemon.turns.reload('a', { model: 'other' })
    expect({ when, model: agent.model }).toEqual({ when: 'now', model: 'other' })
    await waitFor('the program is told', () => told().includes('other'))
    expect(agent.run).toBe(stage.daemon.agents.show('a').run)
  })

  test('else counts once the turn is over, in a run that goes on with the session', async () => {
    const before = stage.daemon.agents.show('a').run
    const { when } = await stage.daemon.turns.reload('a', { persona: 'another' })
    expect(when).toBe('next-turn')
    await stage.send('m', 'next')
    await stage.daemon.turns.interrupt('a', limit)
    expect(await stage.answer('m')).toMatchObject({ state: 'done' })
    const after = stage.daemon.agents.show('a')
    expect(after.run).not.toBe(before)
    expect(after.spec.persona).toBe('another')
    expect(stage.told().filter(({ hello }) => hello)).toEqual([
      { hello: 'a' },
      { hello: 'session of a' },
    ])
  })

  test('of options is checked as a whole, and counts in a new run', async () => {
    await expect(
      stage.daemon.turns.reload('a', { options: { settleMs: 'soon' } }),
    ).rejects.toMatchObject({ code: 'invalid_request', message: /^options\.settleMs: / })
    const { when } = await stage.daemon.turns.reload('a', { options: { settleMs: 7 } })
    expect(when).toBe('next-turn')
    expect(stage.daemon.agents.show('a').spec.options).toEqual({ settleMs: 7 })
    await stage.daemon.turns.reload('a', { options: { settleMs: null } })
    expect(stage.daemon.agents.show('a').spec.options).toEqual({ settleMs: 100 })
  })

  test('counts from its next run on when it sleeps, and can be taken back', async () => {
    await stage.daemon.turns.interrupt('a', limit)
    await stage.daemon.verbs.sleep('a', limit)
    expect((await stage.daemon.turns.reload('a', { model: 'other' })).when).toBe('next-run')
    expect((await stage.daemon.turns.reload('a', { model: null })).agent.model).toBeNull()
    expect(stage.daemon.agents.show('a').spec).not.toHaveProperty('model')
  })
})
