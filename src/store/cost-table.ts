import type { CostGroup, CostSum } from '../schema/cost.ts'
import type { Database } from './database.ts'

/** What one turn cost, and whose it was. Null is unmeasured. */
export interface TurnCost {
  agentId: string
  /** The agent's name: what it cost stays when it is gone. */
  agent: string
  runId: string
  /** UTC, `2026-11-21`. */
  day: string
  model: string | null
  usd: number | null
  /** `usd` was made from tokens. */
  isEstimated: boolean
  inputTokens: number | null
  cachedInputTokens: number | null
  outputTokens: number | null
  reasoningTokens: number | null
  durationMs: number | null
}

/** Which turns are added up. */
export interface CostFilter {
  /** Id of an agent, or of one that is gone. */
  agentId: string | null
  /** First day, UTC. */
  since: string | null
}

/** A sum and what it is about; what does not apply is null. */
export type CostSumRow = CostSum & {
  day: string | null
  agent: string | null
  isRemoved: 0 | 1
  run: string | null
  model: string | null
}

/** Adds to a sum what is measured; what is unmeasured stays so until something was measured. */
const sumUp = (column: string, value: string): string =>
  `${column} = CASE WHEN ${value} IS NULL THEN ${column} ELSE COALESCE(${column}, 0) + ${value} END`

/** Sets the sums of a row that has them; parameters 1 to 7 as `valuesOf` gives them. */
const addTurn = `turns = turns + 1, ${sumUp('cost_usd', '?1')}, estimated_usd = estimated_usd + ?2,
  turns_without_usd = turns_without_usd + (?1 IS NULL),
  turns_without_tokens = turns_without_tokens + (?3 IS NULL OR ?5 IS NULL),
  ${sumUp('input_tokens', '?3')}, ${sumUp('cached_input_tokens', '?4')},
  ${sumUp('output_tokens', '?5')}, ${sumUp('reasoning_tokens', '?6')}, ${sumUp('duration_ms', '?7')}`

const sums = `SUM(c.turns) AS turns, SUM(c.cost_usd) AS usd, SUM(c.estimated_usd) AS estimatedUsd,
  SUM(c.turns_without_usd) AS turnsWithoutUsd, SUM(c.input_tokens) AS inputTokens,
  SUM(c.cached_input_tokens) AS cachedInputTokens, SUM(c.output_tokens) AS outputTokens,
  SUM(c.reasoning_tokens) AS reasoningTokens, SUM(c.turns_without_tokens) AS turnsWithoutTokens,
  SUM(c.duration_ms) AS durationMs`

const ofCosts = `FROM costs c LEFT JOIN agents a ON a.id = c.agent_id
  WHERE (?1 IS NULL OR c.agent_id = ?1) AND (?2 IS NULL OR c.day >= ?2)`

const ofRuns = `FROM runs c JOIN agents a ON a.id = c.agent_id
  WHERE c.turns > 0 AND (?1 IS NULL OR c.agent_id = ?1)
    AND (?2 IS NULL OR c.created_at >= unixepoch(?2) * 1000)`

const nothing = `NULL AS day, NULL AS agent, 0 AS isRemoved, NULL AS run, NULL AS model`
const dearestFirst = 'ORDER BY usd IS NULL, usd DESC, turns DESC'

const reports: Readonly<Record<CostGroup, string>> = {
  day: `SELECT c.day AS day, NULL AS agent, 0 AS isRemoved, NULL AS run, NULL AS model, ${sums}
    ${ofCosts} GROUP BY c.day ORDER BY c.day DESC LIMIT ?3`,
  agent: `SELECT NULL AS day, c.agent AS agent, a.id IS NULL AS isRemoved, NULL AS run, NULL AS model, ${sums}
    ${ofCosts} GROUP BY c.agent_id ${dearestFirst}, c.agent LIMIT ?3`,
  model: `SELECT NULL AS day, NULL AS agent, 0 AS isRemoved, NULL AS run, NULLIF(c.model, '') AS model, ${sums}
    ${ofCosts} GROUP BY c.model ${dearestFirst}, c.model LIMIT ?3`,
  run: `SELECT strftime('%Y-%m-%d', c.created_at / 1000, 'unixepoch') AS day, a.name AS agent, 0 AS isRemoved,
      c.id AS run, c.model AS model, ${sums}
    ${ofRuns} GROUP BY c.id ORDER BY c.created_at DESC, c.id LIMIT ?3`,
}

/**
 * What turns cost, added up where it is asked for: with the agent, with the run, and for each day,
 * agent and model. The latter outlives the agent.
 */
export class CostTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add(turn: TurnCost): void {
    const values = valuesOf(turn)
    const { day, agentId, agent, runId, model } = turn
    this.#database.run(`UPDATE agents SET ${addTurn} WHERE id = ?8`, ...values, agentId)
    this.#database.run(
      `UPDATE runs SET ${addTurn}, model = COALESCE(?9, model) WHERE id = ?8`,
      ...values,
      runId,
      model,
    )
    this.#database.run(
      'INSERT OR IGNORE INTO costs (day, agent_id, model, agent) VALUES (?, ?, ?, ?)',
      day,
      agentId,
      model ?? '',
      agent,
    )
    this.#database.run(
      `UPDATE costs SET ${addTurn} WHERE day = ?8 AND agent_id = ?9 AND model = ?10`,
      ...values,
      day,
      agentId,
      model ?? '',
    )
  }

  list(by: CostGroup, { agentId, since }: CostFilter, limit: number): CostSumRow[] {
    return this.#database.all<CostSumRow>(reports[by], agentId, since, limit)
  }

  /** The sum over what `list` lists, without a bound. */
  total(by: CostGroup, { agentId, since }: CostFilter): CostSum {
    const from = by === 'run' ? ofRuns : ofCosts
    const row = this.#database.get<CostSumRow>(`SELECT ${nothing}, ${sums} ${from}`, agentId, since)
    const { turns, usd, estimatedUsd, turnsWithoutUsd, turnsWithoutTokens, ...rest } = row!
    const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, durationMs } = rest
    return {
      // Sums over no row at all are null.
      turns: turns ?? 0,
      usd,
      estimatedUsd: estimatedUsd ?? 0,
      turnsWithoutUsd: turnsWithoutUsd ?? 0,
      inputTokens,
      cachedInputTokens,
      outputTokens,
      reasoningTokens,
      turnsWithoutTokens: turnsWithoutTokens ?? 0,
      durationMs,
    }
  }

  /** Id of the agent of that name that is gone and cost something, the latest of them. */
  findRemoved(agent: string): string | undefined {
    return this.#database.get<{ id: string }>(
      'SELECT agent_id AS id FROM costs WHERE agent = ? ORDER BY day DESC LIMIT 1',
      agent,
    )?.id
  }

  /** Forgets days before this one; returns how many rows went. */
  prune(day: string): number {
    return this.#database.run('DELETE FROM costs WHERE day < ?', day)
  }
}

function valuesOf(turn: TurnCost): (number | null)[] {
  return [
    turn.usd,
    turn.isEstimated ? (turn.usd ?? 0) : 0,
    turn.inputTokens,
    turn.cachedInputTokens,
    turn.outputTokens,
    turn.reasoningTokens,
    turn.durationMs,
  ]
}
