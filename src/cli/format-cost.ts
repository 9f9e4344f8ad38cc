import type { AgentCost } from '../schema/agent.ts'
import type { CostReport, CostRow, CostSum } from '../schema/cost.ts'
import { oneLine } from './plain-text.ts'
import { formatTable, type Column } from './table.ts'
import type { Colors } from './colors.ts'

/** `$1.20`, and below a cent what there is of it. */
export function formatMoney(usd: number): string {
  return usd > 0 && usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`
}

/**
 * Money, else tokens; `–` is unmeasured. `~` before it: part of it is estimated. `+` after it: turns
 * that are unmeasured come on top.
 */
export function formatCost(cost: AgentCost): string {
  const { usd, inputTokens, outputTokens, estimatedUsd = 0, turnsWithoutUsd = 0 } = cost
  if (usd !== null) {
    return `${estimatedUsd > 0 ? '~' : ''}${formatMoney(usd)}${turnsWithoutUsd > 0 ? '+' : ''}`
  }
  const tokens = (inputTokens ?? 0) + (outputTokens ?? 0)
  return inputTokens === null && outputTokens === null ? '–' : `${formatCount(tokens)} tok`
}

/** `950`, `1.2k`, `3.4M`. */
export function formatCount(count: number): string {
  if (count < 1000) {
    return String(count)
  }
  return count < 999_950 ? `${(count / 1000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(1)}M`
}

/** Money with what is to be known of it: `$1.20 ($0.30 of it estimated, 2 of 12 turns unmeasured)`. */
export function costText(cost: AgentCost, turns: number): string | null {
  if (turns === 0) {
    return null
  }
  if (cost.usd === null) {
    return 'unmeasured'
  }
  const { estimatedUsd = 0, turnsWithoutUsd = 0 } = cost
  const notes = [
    estimatedUsd > 0 ? estimateNote(estimatedUsd, cost.usd) : null,
    turnsWithoutUsd > 0 ? `${turnsWithoutUsd} of ${turns} turns unmeasured` : null,
  ].filter((note) => note !== null)
  return `${formatMoney(cost.usd)}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`
}

function estimateNote(estimatedUsd: number, usd: number): string {
  return estimatedUsd >= usd ? 'estimated' : `${formatMoney(estimatedUsd)} of it estimated`
}

/** Tokens both ways with their parts: `1.2k in (800 cached), 300 out (20 thought)`. */
export function tokenText(cost: AgentCost, turns: number): string | null {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = cost
  if (inputTokens === null && outputTokens === null) {
    return null
  }
  const part = (count: number | null | undefined, word: string): string =>
    count ? ` (${formatCount(count)} ${word})` : ''
  const without = cost.turnsWithoutTokens ?? 0
  return [
    `${tokenCount(inputTokens)} in${part(cachedInputTokens, 'cached')}`,
    `${tokenCount(outputTokens)} out${part(reasoningTokens, 'thought')}`,
    ...(without > 0 && without < turns ? [`${without} of ${turns} turns unmeasured`] : []),
  ].join(', ')
}

function tokenCount(count: number | null): string {
  return count === null ? 'unmeasured' : formatCount(count)
}

/** The table of `drover cost`, the sum, and what is to be known of it. */
export function formatCostReport(
  report: CostReport,
  { colors, width }: { colors: Colors; width: number },
): string[] {
  const { by, rows, total } = report
  const sum: CostRow = { ...nobody, ...total }
  const isSummed = rows.length > 1
  const isTotal = (row: CostRow): boolean => row === sum
  const tokens = (row: CostRow, count: number | null): string =>
    count === null ? '–' : `${formatCount(count)}${row.turnsWithoutTokens > 0 ? '+' : ''}`
  const columns: Column<CostRow>[] = [
    {
      title: by.toUpperCase(),
      cell: (row) => (isTotal(row) ? 'total' : keyOf(report, row)),
      paint: colors.bold,
      shrinkTo: 12,
    },
    ...(by === 'run'
      ? [
          { title: 'AGENT', cell: ({ agent }: CostRow) => agent ?? '', shrinkTo: 8 },
          { title: 'DAY', cell: ({ day }: CostRow) => day ?? '' },
          { title: 'MODEL', cell: ({ model }: CostRow) => oneLine(model ?? ''), shrinkTo: 8 },
        ]
      : []),
    { title: 'TURNS', cell: ({ turns }) => String(turns), align: 'right' },
    { title: 'IN', cell: (row) => tokens(row, row.inputTokens), align: 'right' },
    {
      title: 'CACHED',
      cell: (row) => (row.cachedInputTokens === null ? '' : formatCount(row.cachedInputTokens)),
      align: 'right',
    },
    { title: 'OUT', cell: (row) => tokens(row, row.outputTokens), align: 'right' },
    { title: 'COST', cell: (row) => moneyCell(row), align: 'right' },
  ]
  const table = formatTable(columns, isSummed ? [...rows, sum] : rows, {
    width,
    paintTitle: colors.dim,
  })
  return [...table, ...costNotes(report).map((note) => colors.dim(note))]
}

const nobody = { day: null, agent: null, isRemoved: false, run: null, model: null }

/** In a table of costs tokens have columns of their own. */
function moneyCell(sum: CostSum): string {
  return sum.usd === null ? '–' : formatCost(sum)
}

function keyOf({ by }: CostReport, row: CostRow): string {
  switch (by) {
    case 'day':
      return row.day ?? ''
    case 'run':
      return row.run ?? ''
    case 'model':
      return row.model === null ? 'unknown' : oneLine(row.model)
    case 'agent':
      return `${row.agent ?? ''}${row.isRemoved ? ' (removed)' : ''}`
  }
}

/** What a sum does not say by itself. */
function costNotes({ total, prices }: CostReport): string[] {
  const asOf = `${prices.asOf}${prices.ownAsOf ? ` and your own of ${prices.ownAsOf}` : ''}`
  const { turns, turnsWithoutUsd, turnsWithoutTokens, estimatedUsd } = total
  return [
    ...(estimatedUsd > 0 ? [`~ estimated from tokens, by prices of ${asOf}`] : []),
    ...(turnsWithoutUsd > 0
      ? [`${turnsWithoutUsd} of ${turns} turns unmeasured: their money is not in the sum`]
      : []),
    ...(turnsWithoutTokens > 0 && turnsWithoutTokens !== turnsWithoutUsd
      ? [`${turnsWithoutTokens} of ${turns} turns tell no tokens`]
      : []),
  ]
}
