import { costDay, settleCost, type SettledCost } from '../core/settle-cost.ts'
import type { ProviderEvent } from '../providers/contract.ts'
import type { RunRow } from '../store/index.ts'
import type { DaemonContext } from './context.ts'

/** What a turn cost, and what of its program's report could not be believed. */
export interface RecordedCost {
  cost: SettledCost
  model: string | null
  problems: readonly string[]
}

/** So much of a model's name is kept, characters: a program may say anything. */
const longestModel = 200

/**
 * Adds a turn to the sums of its agent, its run and its day; part of the transaction under way. The
 * model is the one the program tells, else the one it was told.
 */
export function recordCost(
  { store, specs, prices, now }: Pick<DaemonContext, 'store' | 'specs' | 'prices' | 'now'>,
  run: Pick<RunRow, 'id' | 'agent_id'>,
  turn: Extract<ProviderEvent, { type: 'turn.ended' }>,
): RecordedCost {
  const named = turn.model ?? specs.get(run.agent_id).model ?? null
  const model = named?.slice(0, longestModel) ?? null
  const price = model === null ? null : prices.find(model)
  const { cost, problems } = settleCost(turn.cost, price)
  const durationMs = isSpan(turn.durationMs) ? Math.round(turn.durationMs) : null
  store.costs.add({
    ...cost,
    agentId: run.agent_id,
    agent: store.agents.getName(run.agent_id) ?? run.agent_id,
    runId: run.id,
    day: costDay(now()),
    model,
    durationMs,
  })
  return { cost, model, problems }
}

function isSpan(value: number | null): value is number {
  return value !== null && value >= 0 && Number.isSafeInteger(Math.round(value))
}
