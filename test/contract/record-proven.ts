import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { versionWarning } from '../../src/core/version-range.ts'
import { abilities, canDo, type Ability } from '../support/capability-table.ts'
import { firstSession, type Stage } from './provider-stage.ts'

/** Where what was proven is kept, one file for each suite: what passed with which version of the program. */
export const provenFolder = path.join(import.meta.dirname, '..', 'results', 'providers')

/** What one suite of a provider has shown. */
export interface Proven {
  provider: string
  suite: string
  version: string | null
  at: string
  /** What its provider said that it can. */
  claimed: Ability[]
  proven: Ability[]
  failed: Ability[]
}

/** The test that shows an ability, by how its title begins. An ability without one is in no table. */
const proofs: Readonly<Record<Ability, string>> = {
  events: 'answers two messages in order',
  resume: 'goes on with the conversation in a later run',
  fork: 'a fork has a session of its own',
  interrupt: 'ends the turn under way',
  steer: 'a message that joins the turn under way',
  questions: 'that is answered with true',
  cost: 'tells what a turn cost',
  model: 'is told of its model',
  'model under way': 'a change that it says it can take without a restart',
  prompt: 'is told what its prompt says',
  trigger: 'is told of its trigger',
}

/** A task of the runner, with those below it. */
interface Task {
  name: string
  type: string
  result?: { state?: string }
  tasks?: readonly Task[]
}

/**
 * The last of a provider's suite: what its program was told and told, and a record of all that it
 * has shown. `docs/providers.md` is compared with what providers claim, and that with this.
 */
export function recordProven(name: string, given: () => Stage, costs: () => unknown[]): void {
  test('tells what a turn cost, where it says that it can', () => {
    const { provider, isUnmeasured = false } = given().case
    const told = costs().filter((cost) =>
      Object.values(cost as object).some((value) => typeof value === 'number'),
    )
    expect(told.length > 0).toBe(provider.capabilities.cost && !isUnmeasured)
  })

  test.for([
    ['is told of its model', 'model', { model: 'proof-of-model' }],
    ['is told of its trigger', 'trigger', { trigger: 'proof-of-trigger' }],
    ['is told what its prompt says', 'prompt', { persona: 'proof-of-prompt' }],
  ] as const)('%s, or refuses one', async ([, ability, wish]) => {
    const stage = given()
    const { provider } = stage.case
    const [field, word] = Object.entries(wish)[0]!
    expect(canDo(provider, ability)).toBe(!provider.unsupported.some((each) => each === field))
    if (!canDo(provider, ability)) {
      return
    }
    const request = stage.request(null, firstSession)
    const launch = await provider.launch({
      ...request,
      spec: { ...request.spec, ...wish },
      systemPrompt: ability === 'prompt' ? word : request.systemPrompt,
    })
    // In what it is started with, or in the first that it is told.
    const decoder = provider.createDecoder(null, { ...request.spec, ...wish })
    const told = JSON.stringify([launch, decoder.snapshot()])
    expect(told.includes(word) || provider.capabilities.handshake).toBe(true)
  })

  test('is of a version that it says it was tried with', async () => {
    const stage = given()
    const { provider } = stage.case
    const { version } = await provider.detect(stage.request(null, firstSession))
    if (provider.tested) {
      expect(version).not.toBeNull()
      expect(versionWarning(version, provider.tested)).toBeNull()
    }
  })

  // oxlint-disable-next-line no-empty-pattern -- the runner takes nothing else there
  afterAll(async ({}, suite) => {
    const stage = given()
    const { provider, isUnmeasured = false } = stage.case
    const results = testsBelow(suite)
    if (results.some(({ result }) => result?.state !== 'pass' && result?.state !== 'fail')) {
      // Only some of the tests were asked for: nothing can be said of the rest.
      return
    }
    const stateOf = (ability: Ability): string | undefined =>
      results.find((task) => task.name.startsWith(proofs[ability]))?.result?.state
    const claimed = abilities.filter((ability) => canDo(provider, ability))
    const shown = claimed.filter((ability) => !(ability === 'cost' && isUnmeasured))
    const { version } = await provider.detect(stage.request(null, firstSession))
    const record: Proven = {
      provider: provider.name,
      suite: name,
      version,
      at: new Date().toISOString(),
      claimed,
      proven: shown.filter((ability) => stateOf(ability) === 'pass'),
      failed: shown.filter((ability) => stateOf(ability) === 'fail'),
    }
    mkdirSync(provenFolder, { recursive: true })
    const file = `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.json`
    writeFileSync(path.join(provenFolder, file), `${JSON.stringify(record, null, 2)}\n`)
  })
}

function testsBelow(task: Task): Task[] {
  return task.tasks ? task.tasks.flatMap(testsBelow) : [task]
}
