import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AgentSpec } from '../../src/schema/agent.ts'
import type { Provider, ProviderEvent } from '../../src/providers/contract.ts'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { driveProgram } from './drive-program.ts'
import {
  createTerminalStage,
  type TerminalDriver,
  type TerminalProgramStage,
} from './terminal-program-stage.ts'

/** How one real program is brought up at a terminal for the suite. */
export interface RealTerminalCase {
  provider: Provider
  programPath: string | null
  upstream: 'anthropic' | 'openai' | 'gemini'
  spec?: Partial<AgentSpec>
  /** A directive at which the model makes this file by a command that the program asks for. */
  asking: (file: string) => string
  /** It asks at its terminal: what a person there types to say yes. */
  yesKeys?: string
}

const is =
  <T extends ProviderEvent['type']>(type: T) =>
  (event: ProviderEvent): event is Extract<ProviderEvent, { type: T }> =>
    event.type === type

/**
 * What every program at a terminal is used like, with the program itself, a real terminal and a
 * scripted model. The tests are one life: each goes on where the last one ended.
 */
export function describeTerminalProgram(name: string, terminalCase: RealTerminalCase): void {
  describe(`${name} at a terminal`, () => {
    const { provider, programPath, upstream, spec, asking, yesKeys } = terminalCase
    let server: ModelServer
    let stage: TerminalProgramStage
    let driver: TerminalDriver
    beforeAll(async () => {
      server = await startModelServer()
      stage = createTerminalStage({
        provider,
        programPath,
        upstreams: { [upstream]: { url: server.url, model: 'scripted' } },
        ...(spec ? { spec } : {}),
      })
      driver = await stage.drive(stage.request())
    })
    afterAll(async () => {
      await stage.close()
      await server.close()
    })

    let messages = 0
    const message = (body: string) => ({ id: `msg_${++messages}`, from: 'user', body })
    /** Whether the model was asked with this text, as it is. */
    const wasAsked = (text: string): boolean =>
      server.requests.some(({ body }) => textsOf(body).some((each) => each.includes(text)))
    const ask = async (body: string, at = driver) => {
      const one = message(body)
      await at.send(one)
      return { id: one.id, ended: await at.turnEnded(one.id) }
    }
    const answersOf = (type: ProviderEvent['type'], id: string): unknown[] =>
      driver.events.filter(
        (event) => event.type === type && 'message' in event && event.message === id,
      )

    test('takes a message of several lines, and says when it took it and when it is done', async () => {
      const { id, ended } = await ask('Grüße an alle,\n\n\tdie „世界“ 🎉\nzuletzt')
      expect(ended).toMatchObject({ reply: 'echo: zuletzt', error: null })
      expect(answersOf('accepted', id)).toHaveLength(1)
      expect(answersOf('turn.started', id)).toHaveLength(1)
      expect(wasAsked('die „世界“ 🎉\nzuletzt')).toBe(true)
      expect(driver.events.filter(is('session'))).toHaveLength(1)
      expect(driver.events.filter(is('error'))).toEqual([])
    })

    test('takes a long text whole', async () => {
      const lines = Array.from({ length: 1000 }, (_, index) => `line ${index} ${'x'.repeat(80)}`)
      const { ended } = await ask([...lines, '[[say:all of it]]'].join('\n'))
      expect(ended).toMatchObject({ reply: 'all of it', error: null })
      expect(wasAsked(lines.join('\n'))).toBe(true)
    })

    test.for(['/help', '!ls', '#note', '@file', '?'])(
      'takes a text that begins like a command as a text: %s',
      async (beginning) => {
        const { ended } = await ask(`${beginning} me with [[say:a text]]`)
        expect(ended.reply).toBe('a text')
        expect(wasAsked(`${beginning} me with`)).toBe(true)
      },
    )

    test('tells what it cost, each turn for itself', async () => {
      const { ended } = await ask('[[say:cheap]]')
      const first = driver.events.find(is('turn.ended'))
      expect(first?.cost.inputTokens).toBeGreaterThan(0)
      expect(ended.cost.inputTokens).toBe(first?.cost.inputTokens)
    })

    const { approvals } = provider.terminal!.capabilities
    const typed = provider.terminal!.encode({ id: 'm', from: 'user', body: 'text' }, null)
    const isTyped = /keys \d+\n[^\n]+\n$/.test(typed)
    const isAsked = async (file: string): Promise<void> =>
      void (await driver.waitFor((event): event is ProviderEvent =>
        event.type === 'question'
          ? event.title.includes(file)
          : event.type === 'status' &&
            event.status === 'asks_at_terminal' &&
            event.detail?.includes(file) === true,
      ))

    test.runIf(approvals)('asks through the API, and goes by a yes', async () => {
      const file = path.join(stage.folder, 'allowed')
      const one = message(`${asking(file)} [[say:made]]`)
      await driver.send(one)
      const question = await driver.waitFor(is('question'))
      expect(question.title).toContain(file)
      expect(existsSync(file)).toBe(false)
      driver.answer(question, { isAllowed: true, isForSession: false, message: null })
      expect(await driver.turnEnded(one.id)).toMatchObject({ error: null })
      expect(existsSync(file)).toBe(true)
    })

    test.runIf(approvals)('goes by a no, and goes on', async () => {
      const file = path.join(stage.folder, 'denied')
      const one = message(`${asking(file)} [[say:then not]]`)
      await driver.send(one)
      await isAsked(file)
      const question = driver.events.findLast(is('question'))!
      driver.answer(question, { isAllowed: false, isForSession: false, message: 'not that' })
      await driver.turnEnded(one.id)
      expect(existsSync(file)).toBe(false)
      expect((await ask('[[say:still here]]')).ended.reply).toBe('still here')
    })

    test.runIf(yesKeys !== undefined)(
      'asks at its terminal, too, and goes by a yes there',
      async () => {
        const file = path.join(stage.folder, 'allowed-there')
        const one = message(`${asking(file)} [[say:made]]`)
        await driver.send(one)
        await isAsked(file)
        expect(existsSync(file)).toBe(false)
        // Its question may be told of before it is drawn.
        const isMade = async (): Promise<boolean> => {
          await driver.type(yesKeys!)
          return existsSync(file)
        }
        await expect.poll(isMade, { timeout: 10_000, interval: 1000 }).toBe(true)
        expect(await driver.turnEnded(one.id)).toMatchObject({ error: null })
        if (approvals) {
          const { id } = driver.events.findLast(is('question'))!
          expect(driver.events.filter(is('question.closed'))).toContainEqual(
            expect.objectContaining({ id }),
          )
        }
      },
    )

    test('is interrupted, and can be used after it', async () => {
      const one = message('[[slow:100]]')
      await driver.send(one)
      await driver.waitFor(
        (event): event is Extract<ProviderEvent, { type: 'turn.started' }> =>
          event.type === 'turn.started' && event.message === one.id,
      )
      await expect.poll(() => driver.interrupt()).toBe(true)
      expect(await driver.turnEnded(one.id)).toMatchObject({ error: 'interrupted' })
      expect((await ask('[[say:after it]]')).ended.reply).toBe('after it')
    })

    test('tells of what a person types there as a turn of nobody', async () => {
      await driver.type('[[say:by hand]]')
      // Keys that come as fast as a paste are taken for one, its Enter too.
      const isOver = async (): Promise<boolean> => {
        await driver.type('\r')
        return driver.events.some((event) => event.type === 'turn.ended' && event.message === null)
      }
      await expect.poll(isOver, { timeout: 10_000, interval: 300 }).toBe(true)
      expect(await driver.turnEnded(null)).toMatchObject({ reply: 'by hand', error: null })
    })

    test.runIf(isTyped)(
      'enters a text that was pasted and not entered',
      { timeout: 30_000 },
      async () => {
        const one = message('[[say:not forgotten]]')
        await driver.send(one, { isLeft: true })
        expect(await driver.turnEnded(one.id)).toMatchObject({ reply: 'not forgotten' })
      },
    )

    test('sleeps, goes on headless, and at a terminal again', { timeout: 60_000 }, async () => {
      const { ended } = await ask('remember: blue')
      const session = driver.events.findLast(is('session'))!.session
      await driver.stop()

      const carried = provider.carry?.(driver.state(), 'other') ?? null
      const request = { ...stage.request(session), runFolder: path.join(stage.folder, 'unused') }
      const headless = await driveProgram(provider, request, carried)
      headless.send(message('[[say:headless]]'))
      const said = await headless.turnEnded(`msg_${messages}`)
      expect(said).toMatchObject({ reply: 'headless', error: null })
      expect(said.cost.inputTokens).toBe(ended.cost.inputTokens)
      expect(JSON.stringify(server.requests.at(-1)?.body)).toContain('remember: blue')
      await headless.end()

      const back = provider.terminal!.carry?.(headless.state(), 'other') ?? null
      driver = await stage.drive(stage.request(session), back)
      const { ended: last } = await ask('[[say:back again]]')
      expect(last).toMatchObject({ reply: 'back again', error: null })
      expect(last.cost.inputTokens).toBe(ended.cost.inputTokens)
      const asked = JSON.stringify(server.requests.map(({ body }) => body).at(-1))
      expect(asked).toContain('remember: blue')
      expect(asked).toContain('[[say:headless]]')
      expect(driver.events.filter(is('turn.ended'))).toHaveLength(1)
    })

    test(
      'fails a turn that the model fails, with the class of the failure',
      { timeout: 60_000 },
      async () => {
        const { ended } = await ask('[[fail:400]]')
        expect(ended.error).toBeTruthy()
        expect(driver.events.findLast(is('error'))).toMatchObject({ class: 'config' })
      },
    )
  })
}

/** All texts in a request. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') {
    return [value]
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}
