import { existsSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OutgoingMessage, ProviderEvent } from '../../src/providers/contract.ts'
import {
  joinTexts,
  lineByLine,
  replay,
  throughStore,
  type Driver,
  type ProgramExit,
} from './drive-program.ts'
import { describeOrders } from './provider-orders.ts'
import { recordProven } from './record-proven.ts'
import {
  createStage,
  firstSession,
  laterSession,
  sessionOf,
  type ProviderCase,
  type Stage,
  type TurnEnded,
} from './provider-stage.ts'

export type { ProviderCase, ProviderTurn } from './provider-stage.ts'

/**
 * The conformance suite of providers: it drives the provider's real program through plain pipes and
 * checks what the daemon relies on. `prepare` is called once, before the first test.
 */
export function describeProvider(name: string, prepare: () => Promise<ProviderCase>): void {
  describe(`provider ${name}`, () => {
    let stage: Stage
    let first: FirstRun
    beforeAll(async () => {
      stage = createStage(await prepare())
      first = await takeTwoTurns(stage)
    }, 90_000)
    afterAll(async () => {
      await stage?.close()
    })
    describeRun(() => ({ stage, first }))
    describeDecoding(() => ({ stage, first }))
    describeInput(() => ({ stage, first }))
    describeOrders(() => stage)
    recordProven(
      name,
      () => stage,
      () => first.driver.events.flatMap((event) => (event.type === 'turn.ended' ? event.cost : [])),
    )
  })
}

interface FirstRun {
  driver: Driver
  exit: ProgramExit
  messages: readonly OutgoingMessage[]
}

async function takeTwoTurns(stage: Stage): Promise<FirstRun> {
  const driver = await stage.drive(stage.request(null, firstSession))
  const messages = stage.case.turns.map(({ body }, index) => ({
    id: `msg_${index + 1}`,
    from: 'user',
    body,
  }))
  for (const message of messages) {
    driver.send(message)
    await driver.turnEnded(message.id)
  }
  return { driver, messages, exit: await driver.end() }
}

function describeRun(given: () => { stage: Stage; first: FirstRun }): void {
  test('is found on this machine', async () => {
    const { stage } = given()
    const detection = await stage.case.provider.detect(stage.request(null, firstSession))
    expect(detection).toMatchObject({ usable: true })
    expect(detection.detail).not.toBe('')
  })

  test('launches an absolute program, with its files inside the state folder', async () => {
    const { stage } = given()
    const request = stage.request(null, firstSession)
    const { argv, files } = await stage.case.provider.launch(request)
    expect(path.isAbsolute(argv[0])).toBe(true)
    expect(existsSync(argv[0])).toBe(true)
    for (const file of files) {
      expect(path.normalize(file.path).startsWith(`${request.stateFolder}${path.sep}`)).toBe(true)
    }
  })

  test('answers two messages in order, each with its own turn', () => {
    const { stage, first } = given()
    const ended = first.driver.events.filter(
      (event): event is TurnEnded => event.type === 'turn.ended',
    )
    expect(ended.map(({ message, error }) => ({ message, error }))).toEqual([
      { message: 'msg_1', error: null },
      { message: 'msg_2', error: null },
    ])
    for (const [index, turn] of stage.case.turns.entries()) {
      expect(ended[index]?.reply).toMatch(turn.reply)
    }
  })

  test('begins a turn before it ends it, and says that it took the message no later', () => {
    const { stage, first } = given()
    for (const { id } of first.messages) {
      const own = first.driver.events.filter((event) => 'message' in event && event.message === id)
      const types = own.map(({ type }) => type)
      expect(types.filter((type) => type !== 'accepted')).toEqual(['turn.started', 'turn.ended'])
      expect(types.filter((type) => type === 'accepted')).toHaveLength(
        stage.case.isAccepting ? 1 : 0,
      )
      expect(types.indexOf('accepted')).toBeLessThan(types.indexOf('turn.ended'))
    }
  })

  test('replies with the texts of the turn', () => {
    const { first } = given()
    for (const { id } of first.messages) {
      const { texts, ended } = turnOf(first.driver.events, id)
      expect(ended?.reply.trim()).toBe(texts.join('').trim())
    }
  })

  test('ends with code 0 when its input ends', () => {
    expect(given().first.exit).toEqual({ code: 0, signal: null })
  })

  test('goes on with the conversation in a later run, where it says that it can', async () => {
    const { stage, first } = given()
    const { provider, afterResume } = stage.case
    expect(provider.capabilities.resume).toBe(afterResume !== undefined)
    if (!afterResume) {
      return
    }
    const session = sessionOf(first.driver.events) ?? firstSession
    const driver = await stage.drive(stage.request(session, laterSession))
    driver.send({ id: 'msg_3', from: 'user', body: afterResume.body })
    const ended = await driver.turnEnded('msg_3')
    await driver.end()
    expect(ended).toMatchObject({ error: null, reply: expect.stringMatching(afterResume.reply) })
    expect(sessionOf(driver.events) ?? session).toBe(session)
  }, 60_000)
}

function describeDecoding(given: () => { stage: Stage; first: FirstRun }): void {
  test('gives the same events when its decoder is put down and taken up at every line', () => {
    const { stage, first } = given()
    const { provider } = stage.case
    const { spec } = stage.request(null, firstSession)
    const steps = lineByLine(first.driver.recorded)
    const events = replay(steps, provider.createDecoder(null, spec), (decoder) =>
      provider.createDecoder(throughStore(decoder.snapshot()), spec),
    )
    expect(events).toEqual(joinTexts(first.driver.events))
  })

  test('gives the same events for the same output, every time', () => {
    const { stage, first } = given()
    const { spec } = stage.request(null, firstSession)
    const again = () => replay(first.driver.recorded, stage.case.provider.createDecoder(null, spec))
    expect(again()).toEqual(again())
  })

  test('never throws, whatever is printed', () => {
    const { stage, first } = given()
    const { spec } = stage.request(null, firstSession)
    fc.assert(
      fc.property(fc.array(garbage(first)), fc.boolean(), (lines, isCut) => {
        const decoder = stage.case.provider.createDecoder(null, spec)
        decoder.sent({ id: 'msg_1', from: 'user', body: 'x' }, 1)
        for (const stream of ['out', 'err'] as const) {
          decoder.push(stream, lines, { now: 2, isCut })
        }
        decoder.due(3)
        decoder.ended(4, false)
        const state = decoder.snapshot()
        expect(throughStore(state)).toEqual(state)
      }),
    )
  })
}

/** Lines that are nothing, lines that were printed, and those with a field taken out or turned into another kind. */
function garbage({ driver }: FirstRun): fc.Arbitrary<string> {
  const printed = driver.recorded.flatMap((step) => (step.what === 'push' ? step.lines : []))
  const line = fc.constantFrom('', ...printed)
  const bent = fc
    .tuple(line, fc.string(), fc.jsonValue())
    .map(([text, key, value]) => bendLine(text, key, value))
  return fc.oneof(fc.string({ unit: 'binary' }), fc.json(), line, bent)
}

function bendLine(text: string, key: string, value: unknown): string {
  try {
    const object = JSON.parse(text) as Record<string, unknown>
    const keys = Object.keys(object)
    const bentKey = keys[key.length % keys.length] ?? key
    return JSON.stringify({ ...object, [bentKey]: value })
  } catch {
    return text.slice(key.length)
  }
}

function describeInput(given: () => { stage: Stage; first: FirstRun }): void {
  test('encodes a message to the same bytes every time, whole lines', () => {
    const { stage, first } = given()
    const { provider } = stage.case
    const state = provider.capabilities.handshake ? first.driver.state() : null
    const message = fc.record({
      id: fc.stringMatching(/^[a-z0-9._:-]{1,40}$/),
      from: fc.constant('user'),
      body: fc.string(),
    })
    fc.assert(
      fc.property(message, (outgoing) => {
        const bytes = provider.encode(outgoing, state)
        expect(bytes).toBe(provider.encode({ ...outgoing }, state))
        expect(bytes.endsWith('\n')).toBe(true)
      }),
    )
  })

  test('refuses an option it does not know, by name', () => {
    const result = given().stage.case.provider.options.safeParse({ noSuchOption: 1 })
    expect(result.success).toBe(false)
    expect(result.error?.message).toContain('noSuchOption')
  })
}

function turnOf(
  events: readonly ProviderEvent[],
  id: string,
): { texts: string[]; ended: TurnEnded | undefined } {
  const start = events.findIndex((event) => event.type === 'turn.started' && event.message === id)
  const end = events.findIndex((event) => event.type === 'turn.ended' && event.message === id)
  const texts = events
    .slice(start, end)
    .flatMap((event) => (event.type === 'text' ? [event.text] : []))
  const ended = events[end]
  return { texts, ended: ended?.type === 'turn.ended' ? ended : undefined }
}
