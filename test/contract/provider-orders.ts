import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { AgentSpec } from '../../src/schema/agent.ts'
import type { ProviderEvent } from '../../src/providers/contract.ts'
import { joinTexts, lineByLine, replay, throughStore, type Driver } from './drive-program.ts'
import { firstSession, laterSession, sessionOf, type Stage } from './provider-stage.ts'

type OfType<T extends ProviderEvent['type']> = Extract<ProviderEvent, { type: T }>

const isOfType =
  <T extends ProviderEvent['type']>(type: T) =>
  (event: ProviderEvent): event is OfType<T> =>
    event.type === type

const message = (id: string, body: string) => ({ id, from: 'user', body })

/** What a program under way can be told besides messages: answers, interrupts, changes. Each where its provider says that it can. */
export function describeOrders(given: () => Stage): void {
  describe('a question', () => {
    test.for([true, false])('that is answered with %s has that for its end', async (isAllowed) => {
      const stage = given()
      const { asking, provider } = stage.case
      expect(asking !== undefined).toBe(provider.capabilities.approvals)
      if (!asking) {
        return
      }
      const request = stage.request(null, freshSession())
      const spec = AgentSpec.parse({ ...request.spec, ...asking.spec })
      const driver = await stage.drive({ ...request, spec })
      const file = path.join(spec.dir, `asked-${isAllowed}`)
      driver.send(message('msg_1', asking.body(file)))
      const question = await driver.waitFor(isOfType('question'))
      expect(question).toMatchObject({ tool: expect.stringMatching(/./) })
      expect(question.title).toMatch(/^[^\n]+$/)
      expect(existsSync(file)).toBe(false)
      driver.answer(throughStore({ ...question }) as OfType<'question'>, {
        isAllowed,
        isForSession: false,
        message: isAllowed ? null : 'not today',
      })
      const ended = await driver.turnEnded('msg_1')
      expect(existsSync(file)).toBe(isAllowed)
      expect(driver.events.filter(isOfType('question'))).toHaveLength(1)
      if (isAllowed) {
        expect(ended.error).toBeNull()
      }
      await expectUsable(stage, driver)
      expectSameWhenTakenUp(stage, driver)
    })
  })

  describe('an interrupt', () => {
    test('has nothing to end while nothing is under way', async () => {
      const stage = given()
      const driver = await stage.drive(stage.request(null, freshSession()))
      expect(driver.interrupt()).toBe(false)
      await expectUsable(stage, driver)
      expect(driver.interrupt()).toBe(false)
      await driver.end()
    })

    test('ends the turn under way, and the program takes the next', async () => {
      const stage = given()
      const { longTurn, provider } = stage.case
      expect(longTurn !== undefined).toBe(provider.capabilities.interrupt)
      if (longTurn === undefined) {
        return
      }
      const driver = await stage.drive(stage.request(null, freshSession()))
      driver.send(message('msg_1', longTurn))
      await driver.waitFor(isOfType('text'))
      expect(driver.interrupt()).toBe(true)
      expect(await driver.turnEnded('msg_1')).toMatchObject({ error: 'interrupted' })
      await expectUsable(stage, driver)
      expectSameWhenTakenUp(stage, driver)
    })

    test('takes back a question that is open', async () => {
      const stage = given()
      const { asking, provider } = stage.case
      if (!asking || !provider.capabilities.interrupt) {
        return
      }
      const request = stage.request(null, freshSession())
      const spec = AgentSpec.parse({ ...request.spec, ...asking.spec })
      const driver = await stage.drive({ ...request, spec })
      driver.send(message('msg_1', asking.body(path.join(spec.dir, 'interrupted'))))
      const { id } = await driver.waitFor(isOfType('question'))
      driver.interrupt()
      expect(await driver.turnEnded('msg_1')).toMatchObject({ error: 'interrupted' })
      expect(driver.events).toContainEqual({ type: 'question.closed', id })
      driver.send(message('msg_2', stage.case.turns[0].body))
      expect(await driver.turnEnded('msg_2')).toMatchObject({ error: null })
    })
  })

  test('a message that joins the turn under way has no turn of its own, and ends with it', async () => {
    const stage = given()
    const { waitingTurn, provider } = stage.case
    expect(waitingTurn !== undefined).toBe(provider.capabilities.steer)
    if (!waitingTurn) {
      return
    }
    const request = stage.request(null, freshSession())
    const driver = await stage.drive(request)
    const file = path.join(request.spec.dir, 'go on')
    driver.send(message('msg_1', waitingTurn(file)))
    await driver.waitFor(isOfType('tool.call'))
    driver.send({ ...message('msg_2', 'think of this, too'), isSteering: true })
    writeFileSync(file, '')
    const [first, second] = [await driver.turnEnded('msg_1'), await driver.turnEnded('msg_2')]
    expect([first.error, second.error]).toEqual([null, null])
    const started = driver.events.filter(isOfType('turn.started'))
    expect(started.map(({ message: id }) => id)).toEqual(['msg_1'])
    expect(driver.events).toContainEqual({ type: 'accepted', message: 'msg_2', joined: true })
    expectSameWhenTakenUp(stage, driver)
    await driver.end()
  })

  test('a change that it says it can take without a restart counts from the next turn on', async () => {
    const stage = given()
    const { reloading, provider } = stage.case
    expect(reloading !== undefined).toBe(provider.capabilities.reload.length > 0)
    if (!reloading) {
      return
    }
    const driver = await stage.drive(stage.request(null, freshSession()))
    await expectUsable(stage, driver)
    expect(driver.reload(reloading.change)).toBe(true)
    await expectUsable(stage, driver)
    expect(reloading.isSeen()).toBe(true)
    expectSameWhenTakenUp(stage, driver)
    await driver.end()
  })

  test('a fork has a session of its own, that knows what was said, and leaves the other as it was', async () => {
    const stage = given()
    const { provider, afterResume } = stage.case
    if (!provider.capabilities.fork || !afterResume) {
      expect(provider.capabilities.fork).toBe(false)
      return
    }
    const driver = await stage.drive(stage.request(null, firstOfFork))
    await expectUsable(stage, driver)
    await driver.end()
    const session = sessionOf(driver.events) ?? firstOfFork
    const fork = await stage.drive(stage.request(session, laterSession, { isFork: true }))
    await expectUsable(stage, fork)
    await fork.end()
    expect(sessionOf(fork.events)).toMatch(/./)
    expect(sessionOf(fork.events)).not.toBe(session)
    const original = await stage.drive(stage.request(session, laterSession))
    await expectUsable(stage, original)
    await original.end()
    expect(sessionOf(original.events) ?? session).toBe(session)
  })
}

const firstOfFork = firstSession.replaceAll('1', 'f')

let sessions = 0

/** A session id that no other test of this process took. */
function freshSession(): string {
  sessions++
  return `33333333-3333-4333-8333-${String(sessions).padStart(12, '0')}`
}

/** Of messages that were sent: a session may know one that it had before. */
let messages = 0

/** It takes the first message of the case, and answers it as it always does. */
async function expectUsable(stage: Stage, driver: Driver): Promise<void> {
  const [turn] = stage.case.turns
  const id = `msg_after_${++messages}`
  driver.send(message(id, turn.body))
  expect(await driver.turnEnded(id)).toMatchObject({
    error: null,
    reply: expect.stringMatching(turn.reply),
  })
}

/** A daemon that died at any line of this would have told the same. */
function expectSameWhenTakenUp({ case: { provider }, ...stage }: Stage, driver: Driver): void {
  const { spec } = stage.request(null, firstSession)
  const events = replay(
    lineByLine(driver.recorded),
    provider.createDecoder(null, spec),
    (decoder) => provider.createDecoder(throughStore(decoder.snapshot()), spec),
  )
  expect(events).toEqual(joinTexts(driver.events))
}
