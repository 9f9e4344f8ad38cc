import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProviderEvent } from '../../src/providers/contract.ts'
import type { ModelServer } from '../../src/testing/index.ts'
import type { Driver } from './drive-program.ts'
import {
  createStage,
  firstSession,
  sessionOf,
  type ProviderCase,
  type Stage,
} from './provider-stage.ts'

type OfType<T extends ProviderEvent['type']> = Extract<ProviderEvent, { type: T }>

const isOfType =
  <T extends ProviderEvent['type']>(type: T) =>
  (event: ProviderEvent): event is OfType<T> =>
    event.type === type

const isTry = ({ status, detail }: OfType<'status'>): boolean =>
  status === 'retrying' && detail?.includes('Scripted failure') === true

export interface AcpProgramCase extends ProviderCase {
  server: ModelServer
  /** It says on the side that it tries a failed request again. */
  tellsTries: boolean
}

/** What the suite of providers can't see: what the model was told, and what the program does when it fails. */
export function describeAcpProgram(name: string, prepare: () => Promise<AcpProgramCase>): void {
  describe(`${name}, over the Agent Client Protocol`, () => {
    let stage: Stage
    let server: ModelServer
    let tellsTries: boolean
    beforeAll(async () => {
      const own = await prepare()
      ;({ server, tellsTries } = own)
      stage = createStage(own)
    })
    afterAll(async () => await stage?.close())

    const turn = async (driver: Driver, body: string, id = 'msg_1') => {
      driver.send({ id, from: 'user', body })
      return await driver.turnEnded(id)
    }
    const asked = (): string => JSON.stringify(server.requests.map(({ body }) => body))

    test('keeps the conversation over two sleeps, and tells nothing of it again', async () => {
      const first = await stage.drive(stage.request(null, firstSession))
      await turn(first, '[[say:noted]] the word is heron')
      expect(asked()).toContain('You are a test.')
      await first.end()
      const session = sessionOf(first.events) ?? null
      for (const word of ['ibis', 'egret']) {
        const later = await stage.drive(stage.request(session, firstSession))
        const before = server.requests.length
        await turn(later, `[[say:noted]] the word is ${word}`)
        await later.end()
        const told = JSON.stringify(server.requests.slice(before).map(({ body }) => body))
        expect(told).toContain('the word is heron')
        expect(told.includes('the word is ibis')).toBe(true)
        const texts = later.events.filter(isOfType('text')).map(({ text }) => text)
        expect(texts.join('').trim()).toBe('noted')
        expect(later.events.some(isOfType('tool.call'))).toBe(false)
        expect(sessionOf(later.events)).toBe(session)
      }
    }, 60_000)

    test('says a failure of the model with its class: at once, or after a silence that is too long', async () => {
      const request = stage.request(null, firstSession)
      const options = { ...request.spec.options, silentMs: 4000 }
      const driver = await stage.drive({ ...request, spec: { ...request.spec, options } })
      expect(await turn(driver, '[[fail:400]]')).toMatchObject({
        reply: '',
        error: expect.stringContaining('Scripted failure'),
      })
      expect(await turn(driver, '[[fail:529]]', 'msg_2')).toMatchObject({
        reply: '',
        error: expect.stringMatching(tellsTries ? /silentMs.*Scripted failure/s : /silentMs\)\.$/),
      })
      const [first, second] = driver.events.filter(isOfType('error'))
      expect([first, second]).toMatchObject([
        { class: expect.stringMatching(/^(config|unknown)$/) },
        { class: 'overloaded' },
      ])
      const tries = driver.events.filter(isOfType('status')).filter(isTry)
      expect(tries.length > 0).toBe(tellsTries)
      expect(await turn(driver, '[[say:well again]]', 'msg_3')).toMatchObject({
        error: null,
        reply: 'well again',
      })
      await driver.end()
    }, 60_000)
  })
}
