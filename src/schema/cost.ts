import { z } from 'zod'
import { AgentName } from './agent-name.ts'
import { Budget } from './lifecycle.ts'

const perMillion = z.number().min(0).max(1_000_000)

/** What tokens of a model cost, US dollars per million. */
export const Price = z.strictObject({
  input: perMillion,
  /** Input that came from a cache; left out: as other input. */
  cachedInput: perMillion.optional(),
  /** With what was thought. */
  output: perMillion,
})
export type Price = z.infer<typeof Price>

/** `prices.yaml`. Names are models as their programs name them; `*` at an end stands for anything. */
export const PriceFile = z.strictObject({
  /** The day these prices were looked up. */
  asOf: z.iso.date(),
  models: z.record(z.string().min(1), Price).default({}),
})
export type PriceFile = z.infer<typeof PriceFile>

/** What many turns cost together. Null is "unmeasured": of none of the turns it is known. */
export const CostSum = z.object({
  turns: z.number().int(),
  /** US dollars of all turns of which they are known; `turnsWithoutUsd` are not in it. */
  usd: z.number().nullable(),
  /** Part of `usd` that was made from tokens and a table of prices. */
  estimatedUsd: z.number(),
  turnsWithoutUsd: z.number().int(),
  /** Of all turns of which they are known; `turnsWithoutTokens` are not in it. */
  inputTokens: z.number().int().nullable(),
  /** Part of `inputTokens`. */
  cachedInputTokens: z.number().int().nullable(),
  outputTokens: z.number().int().nullable(),
  /** Part of `outputTokens`. */
  reasoningTokens: z.number().int().nullable(),
  turnsWithoutTokens: z.number().int(),
  /** How long the turns took, ms, as far as their programs say. */
  durationMs: z.number().int().nullable(),
})
export type CostSum = z.infer<typeof CostSum>

/** By what costs are added up. */
export const CostGroup = z.enum(['day', 'agent', 'run', 'model'])
export type CostGroup = z.infer<typeof CostGroup>

/** One line of a report: what it is about, and the sum. What does not apply is null. */
export const CostRow = CostSum.extend({
  /** UTC, `2026-11-21`. Of a run: the day it was made. */
  day: z.string().nullable(),
  agent: z.string().nullable(),
  /** The agent is gone; what it cost stays. */
  isRemoved: z.boolean(),
  run: z.string().nullable(),
  /** As the program named it; null: it did not say. Of a run: that of its latest turn. */
  model: z.string().nullable(),
})
export type CostRow = z.infer<typeof CostRow>

/** Answer of `GET /v1/costs`. */
export const CostReport = z.object({
  by: CostGroup,
  /** First day in it, UTC; null: as far back as costs are kept. */
  since: z.string().nullable(),
  /** The latest first; by agent and model, the dearest first. */
  rows: z.array(CostRow),
  total: CostSum,
  /** The day of the prices that estimates are made by: Drover's, and those of the home where it has any. */
  prices: z.object({ asOf: z.string(), ownAsOf: z.string().nullable() }),
})
export type CostReport = z.infer<typeof CostReport>

export const CostQuery = z.object({
  by: CostGroup.default('agent'),
  /** Of one agent only. */
  agent: AgentName.optional(),
  /** First day, UTC. */
  since: z.iso.date().optional(),
  /** Most rows; the total is over all. */
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
})
export type CostQuery = z.infer<typeof CostQuery>

/** Body of `PATCH /v1/agents/{name}/budget`: what is left out stays as it is, null takes the bound away. */
export const BudgetChange = z.strictObject({
  usd: Budget.shape.usd.unwrap().nullable().optional(),
  tokens: Budget.shape.tokens.unwrap().nullable().optional(),
})
export type BudgetChange = z.infer<typeof BudgetChange>
