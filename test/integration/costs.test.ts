import { writeFileSync, utimesSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { startModelServer } from '../../src/testing/index.ts'
import type { CostReport, CostRow } from '../../src/schema/cost.ts'
import { runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'

const up = { waitSeconds: 30 }
const today = (): string => new Date().toISOString().slice(0, 10)

/** A report's rows by what they are about. */
function byKey({ by, rows }: CostReport): Record<string, CostRow> {
  return Object.fromEntries(rows.map((row) => [String(row[by]), row]))
}

async function startChat(model: string): Promise<{
  daemon: TestDaemon
  [Symbol.asyncDispose]: () => Promise<void>
}> {
  const server = await startModelServer()
  const openai = { url: `${server.url}/v1`, model }
  const upstreams = { ollama: { url: 'http://127.0.0.1:9' }, openai }
  const daemon = await startTestDaemon({ config: { gateway: { upstreams } }, isLeftClean: true })
  return {
    daemon,
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      await server.close()
    },
  }
}

describe('what a program reports', () => {
  test('is added up by day, agent, run and model, and stays when the daemon dies and the agent goes', async () => {
    using claude = new ScriptedClaude()
    await using daemon = await startWithClaude(claude)
    const { client } = daemon
    await client.run(claude.agent('a', { prompt: 'cost 0.5', model: 'opus' }), up)
    await client.send('a', { body: 'cost 0.75' }, up)
    await client.sleep('a', up)
    await client.run(claude.agent('b', { prompt: 'cost 2' }), up)
    await daemon.restart()

    const sum = { inputTokens: 120, outputTokens: 80, turnsWithoutUsd: 0, turnsWithoutTokens: 0 }
    expect((await client.show('a')).cost).toMatchObject({ ...sum, usd: 0.75, estimatedUsd: 0 })
    const agents = byKey(await client.costs.report())
    expect(agents['a']).toMatchObject({ ...sum, usd: 0.75, turns: 2, isRemoved: false })
    expect(agents['b']).toMatchObject({ usd: 2, turns: 1 })
    const days = await client.costs.report({ by: 'day' })
    expect(days.rows.map(({ day, usd, turns }) => [day, usd, turns])).toEqual([[today(), 2.75, 3]])
    expect(byKey(await client.costs.report({ by: 'model', agent: 'a' }))).toMatchObject({
      opus: { turns: 2 },
    })
    const runs = await client.costs.report({ by: 'run' })
    expect(runs.rows.map(({ agent, usd, model }) => [agent, usd, model])).toEqual([
      ['b', 2, null],
      ['a', 0.75, 'opus'],
    ])
    expect(runs.total).toMatchObject({ turns: 3, usd: 2.75 })

    await client.remove('a', { force: true, ...up })
    const later = await client.costs.report({ agent: 'a' })
    expect(later.rows).toMatchObject([{ agent: 'a', isRemoved: true, usd: 0.75 }])
    expect((await client.costs.report({ by: 'day' })).total).toMatchObject({ usd: 2.75 })
    await client.sleep('b', up)
  })

  test('as a sum that shrinks is unmeasured and told, and what comes after it counts', async () => {
    using claude = new ScriptedClaude()
    await using daemon = await startWithClaude(claude)
    const { client } = daemon
    await client.run(claude.agent('a', { prompt: 'cost 5' }), up)
    await client.send('a', { body: 'cost 1' }, up)
    await client.send('a', { body: 'cost 1.5' }, up)
    expect((await client.show('a')).cost).toMatchObject({ usd: 5.5, turnsWithoutUsd: 1 })
    const events = await readEvents(daemon.client, { agent: 'a' })
    const told = events.filter(({ data }) => data['status'] === 'unmeasured')
    expect(told.map(({ data }) => data['detail'])).toEqual([
      'the program reported usd: -4 is less than 0',
    ])
    const costs = events.flatMap(({ type, data }) => (type === 'turn.ended' ? [data['cost']] : []))
    expect(costs).toMatchObject([{ usd: 5 }, { usd: null }, { usd: 0.5, isEstimated: false }])
    const { stdout } = await runDrover(['cost'], { env: daemon.env })
    expect(stdout).toMatch(/^AGENT +TURNS +IN +CACHED +OUT +COST\na +3 +180 +0 +120 +\$5\.50\+\n/)
    expect(stdout).toContain('1 of 3 turns unmeasured: their money is not in the sum')
    expect((await runDrover(['ps'], { env: daemon.env })).stdout).toMatch(/ \$5\.50\+ /)
    await client.sleep('a', up)
  })
})

describe('an estimate', () => {
  test('is made from tokens where the model has a price, is marked, and counts for the budget', async () => {
    await using stage = await startChat('gpt-4.1-2025-04-14')
    const { client, env, home } = stage.daemon
    writeFileSync(
      home.pricesFile,
      'asOf: 2026-01-02\nmodels: { gpt-4.1: { input: 1000, cachedInput: 0, output: 2000 } }\n',
    )
    await client.run({ template: 'chat', name: 'a', prompt: 'hi', budget: { usd: 0.01 } }, up)
    const { cost } = await client.show('a')
    const { inputTokens, outputTokens, cachedInputTokens } = cost
    const usd = ((inputTokens! - cachedInputTokens!) * 1000 + outputTokens! * 2000) / 1_000_000
    expect(cost.usd).toBeCloseTo(usd, 10)
    expect(cost.usd).toBeGreaterThan(0.01)
    expect(cost.estimatedUsd).toBe(cost.usd)
    await expect(client.send('a', { body: 'more' })).rejects.toMatchObject({ code: 'over_budget' })
    const report = await client.costs.report({ by: 'model' })
    expect(report).toMatchObject({ prices: { ownAsOf: '2026-01-02' } })
    expect(report.rows).toMatchObject([{ model: 'gpt-4.1-2025-04-14', estimatedUsd: cost.usd }])
    const { stdout } = await runDrover(['cost', 'a'], { env })
    expect(stdout).toMatch(/~\$0\.\d\d\n/)
    expect(stdout).toMatch(/~ estimated from tokens, by prices of .* and your own of 2026-01-02\n/)
    expect((await runDrover(['show', 'a'], { env })).stdout).toMatch(
      /^cost +\$0\.\d\d \(estimated\)$/m,
    )
    await client.sleep('a', up)
  })

  test('follows the file of prices without a restart; one that is broken leaves the prices of before', async () => {
    await using stage = await startChat('mine')
    const { client, home } = stage.daemon
    const write = (text: string, at: number): void => {
      writeFileSync(home.pricesFile, text)
      utimesSync(home.pricesFile, at, at)
    }
    await client.run({ template: 'chat', name: 'a', prompt: 'one' }, up)
    expect((await client.show('a')).cost).toMatchObject({ usd: null, turnsWithoutUsd: 1 })
    write('asOf: 2026-01-02\nmodels: { mine: { input: 0, output: 0 } }\n', 1000)
    await client.send('a', { body: 'two' }, up)
    expect((await client.show('a')).cost).toMatchObject({ usd: 0, turnsWithoutUsd: 1 })
    write('models: [', 2000)
    await client.send('a', { body: 'three' }, up)
    expect((await client.show('a')).cost).toMatchObject({ usd: 0, turnsWithoutUsd: 1 })
    await client.sleep('a', up)
  })

  test('of a model without a price is none: it is unmeasured, never zero', async () => {
    await using stage = await startChat('nobody-knows')
    const { client, env } = stage.daemon
    await client.run({ template: 'chat', name: 'a', prompt: 'hi' }, up)
    const report = await client.costs.report({ by: 'model' })
    expect(report.rows).toMatchObject([
      { model: 'nobody-knows', usd: null, estimatedUsd: 0, turnsWithoutUsd: 1 },
    ])
    const { stdout } = await runDrover(['cost', '--by', 'model'], { env })
    expect(stdout).toMatch(/^nobody-knows +1 +\S+ +\S+ +\S+ +–\n1 of 1 turns unmeasured/m)
    await client.sleep('a', up)
  })
})

describe('a file of prices that is broken at the start', () => {
  test('is an error that names its line', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    await daemon.kill('SIGTERM')
    writeFileSync(
      daemon.home.pricesFile,
      'asOf: 2026-01-02\nmodels:\n  mine: { input: -1, output: 1 }\n',
    )
    await expect(daemon.start()).rejects.toThrow(/prices\.yaml:3: models\.mine\.input/)
    writeFileSync(daemon.home.pricesFile, 'asOf: 2026-01-02\n')
    await daemon.start()
  })
})

describe('a request for costs', () => {
  test.for([
    [{ by: 'week' as 'day' }, 'by'],
    [{ since: 'yesterday' }, 'since'],
    [{ since: '2026-02-30' }, 'since'],
    [{ limit: 0 }, 'limit'],
  ] as const)('%j is refused by its field', async ([options, field]) => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    await expect(daemon.client.costs.report(options)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(new RegExp(`^${field}`)),
    })
  })

  test('of an agent that never was is not found, and of a home without turns is empty', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    await expect(daemon.client.costs.report({ agent: 'nobody' })).rejects.toMatchObject({
      code: 'agent_not_found',
    })
    const { rows, total } = await daemon.client.costs.report({ since: '2026-01-01' })
    expect({ rows, total }).toMatchObject({ rows: [], total: { turns: 0, usd: null } })
    expect((await runDrover(['cost'], { env: daemon.env })).stdout).toBe('No turn was taken.\n')
    expect((await runDrover(['cost', '--since', 'soon'], { env: daemon.env })).code).toBe(2)
  })
})
