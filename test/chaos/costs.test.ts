import { expect, test } from 'vitest'
import { insist } from '../support/insist.ts'
import { ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'

const up = { waitSeconds: 30 }

test.for([
  'input-rung',
  'output-read',
  'output-read:3',
  'output-committed',
  'output-committed:2',
  'output-committed:3',
  'run-read-out',
  'run-ended',
])('a turn is paid for once, though the daemon is killed at %s', async (fault) => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, {}, { env: { DROVER_FAULT: fault } })
  const { client } = daemon
  const first = daemon.exited
  const ask = <T>(request: () => Promise<T>): Promise<T> =>
    insist(async () => {
      await daemon.exited
      await daemon.start({ env: {} })
    }, request)
  await ask(() => client.run(claude.agent('a', { requestId: 'r' })))
  for (const [id, body] of [
    ['one', 'cost 0.5'],
    ['two', 'cost 0.75'],
    ['three', 'cost 1.25'],
  ] as const) {
    await ask(() => client.send('a', { id, body }))
    expect(await ask(() => client.message(id, up))).toMatchObject({ state: 'done' })
  }
  await ask(() => client.sleep('a', up))
  expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
  const sum = { turns: 3, usd: 1.25, inputTokens: 180, outputTokens: 120, turnsWithoutUsd: 0 }
  for (const by of ['agent', 'day', 'model', 'run'] as const) {
    const { rows, total } = await ask(() => client.costs.report({ by }))
    expect({ rows, total }).toMatchObject({ rows: [sum], total: sum })
  }
  expect(await ask(() => client.show('a'))).toMatchObject({ turns: 3, cost: { usd: 1.25 } })
})
