import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commandProvider } from '../providers/command/index.ts'
import type { Provider } from '../providers/contract.ts'
import { Config } from '../schema/config.ts'
import { resolveHome } from '../util/home.ts'
import { checkMachine, type DoctorContext } from './doctor.ts'
import { Prices } from './prices.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-doctor-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function contextWith(providers: readonly Provider[], signal: AbortSignal): DoctorContext {
  const home = resolveHome({ DROVER_HOME: folder })
  return {
    home,
    config: Config.parse({}),
    baseEnvironment: {},
    providers: new Map(providers.map((provider) => [provider.name, provider])),
    runtimes: new Map(),
    prices: new Prices(home.pricesFile, () => undefined),
    signal,
  }
}

const named = (name: string, detect: Provider['detect']): Provider => ({
  ...commandProvider,
  name,
  detect,
})

test('a program that never answers holds nobody up for longer than it may, and is told as that', async () => {
  const started: string[] = []
  const leaving = new AbortController()
  const hung = (name: string): Provider =>
    named(name, () => {
      started.push(name)
      if (started.length === 2) {
        // All were asked before the first had answered: they are looked at side by side.
        setImmediate(() => leaving.abort(new Error('over')))
      }
      return Promise.withResolvers<never>().promise
    })
  const context = contextWith([hung('one'), commandProvider, hung('two')], leaving.signal)
  const checks = await checkMachine(context, ['provider'])
  expect(checks).toMatchObject([
    { name: 'one', usable: false, detail: expect.stringMatching(/^did not answer within/) },
    { name: 'command', usable: true },
    { name: 'two', usable: false },
  ])
})

test('one that fails to look is a row that says why, and the others are there', async () => {
  const broken = named('broken', () => Promise.reject(new Error('no such folder')))
  const checks = await checkMachine(
    contextWith([broken, commandProvider], new AbortController().signal),
  )
  expect(checks.find(({ name }) => name === 'broken')).toMatchObject({
    usable: false,
    detail: "can't be looked at: no such folder",
  })
  expect(checks.map(({ name }) => name)).toEqual(['node', 'home', 'prices', 'broken', 'command'])
})
