import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Store, type TurnCost } from './index.ts'

let folder: string
let store: Store
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-costs-'))
  store = new Store({
    file: path.join(folder, 'drover.db'),
    backupsFolder: path.join(folder, 'backups'),
    companions: [],
    moveAsideCorrupt: false,
    report: () => undefined,
  })
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

const all = { agentId: null, since: null }

const turn = (part: Partial<TurnCost> = {}): TurnCost => ({
  agentId: 'a',
  agent: 'anna',
  runId: 'r',
  day: '2026-11-21',
  model: 'm',
  usd: null,
  isEstimated: false,
  inputTokens: null,
  cachedInputTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  durationMs: null,
  ...part,
})

test('whatever turns there are, every way to add them up gives the same, and none is lost', () => {
  const amount = fc.option(fc.nat(1000))
  const cost = fc.record({
    agentId: fc.constantFrom('a', 'b'),
    day: fc.constantFrom('2026-11-20', '2026-11-21', '2026-11-22'),
    model: fc.constantFrom('m', 'n', null),
    usd: amount,
    isEstimated: fc.boolean(),
    inputTokens: amount,
    outputTokens: amount,
  })
  fc.assert(
    fc.property(fc.array(cost, { maxLength: 20 }), (costs) => {
      store.costs.prune('9999-12-31')
      costs.forEach((each) => store.costs.add(turn({ ...each, agent: `agent ${each.agentId}` })))
      const known = costs.flatMap(({ usd }) => usd ?? [])
      const total = store.costs.total('day', all)
      expect(total).toMatchObject({
        turns: costs.length,
        usd: known.length > 0 ? known.reduce((sum, usd) => sum + usd, 0) : null,
        turnsWithoutUsd: costs.length - known.length,
      })
      for (const by of ['day', 'agent', 'model'] as const) {
        const rows = store.costs.list(by, all, 100)
        expect(rows.reduce((sum, { turns }) => sum + turns, 0)).toBe(costs.length)
        expect(rows.reduce((sum, { usd }) => sum + (usd ?? 0), 0)).toBe(total.usd ?? 0)
        expect(rows.reduce((sum, row) => sum + row.estimatedUsd, 0)).toBe(total.estimatedUsd)
      }
    }),
    { numRuns: 50 },
  )
})

test('days come newest first, agents and models dearest first, those of unknown cost last', () => {
  store.costs.add(turn({ usd: 1, day: '2026-11-20', model: 'cheap' }))
  store.costs.add(turn({ usd: 5, agentId: 'b', agent: 'bert', model: 'dear' }))
  store.costs.add(turn({ agentId: 'c', agent: 'carl', model: null }))
  const keys = (by: 'day' | 'agent' | 'model') =>
    store.costs.list(by, all, 100).map((row) => row[by])
  expect(keys('day')).toEqual(['2026-11-21', '2026-11-20'])
  expect(keys('agent')).toEqual(['bert', 'anna', 'carl'])
  expect(keys('model')).toEqual(['dear', 'cheap', null])
  expect(store.costs.list('agent', all, 1)).toHaveLength(1)
})

test('only days from one on, and only one agent, where that is asked for', () => {
  store.costs.add(turn({ usd: 1, day: '2026-11-20' }))
  store.costs.add(turn({ usd: 2, day: '2026-11-21' }))
  store.costs.add(turn({ usd: 4, day: '2026-11-21', agentId: 'b' }))
  expect(store.costs.total('day', { agentId: null, since: '2026-11-21' }).usd).toBe(6)
  expect(store.costs.total('day', { agentId: 'a', since: null }).usd).toBe(3)
  expect(store.costs.total('day', { agentId: 'a', since: '2026-11-22' })).toMatchObject({
    turns: 0,
    usd: null,
  })
})

test('days before the first that is kept are forgotten, and no other', () => {
  store.costs.add(turn({ day: '2025-10-01' }))
  store.costs.add(turn({ day: '2026-11-21' }))
  expect(store.costs.prune('2026-01-01')).toBe(1)
  expect(store.costs.list('day', all, 100).map(({ day }) => day)).toEqual(['2026-11-21'])
})
