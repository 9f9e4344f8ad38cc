import type { Command } from 'commander'
import type { AgentDetail } from '../schema/agent.ts'
import type { BudgetChange } from '../schema/cost.ts'
import { formatAgentLine } from './format-agent.ts'
import { costText } from './format-cost.ts'
import { budgetText } from './format-lifecycle.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { amountParser, countParser } from './option-values.ts'

interface BudgetOptions extends CommonOptions {
  /** False: no bound. */
  usd?: number | boolean
  tokens?: number | boolean
}

export function budgetCommand({ context, client, output }: Invocation): Command {
  return createCommand('budget', context)
    .description('Show or change what an agent may spend over its life.')
    .argument('<name>', 'agent')
    .option('--usd <amount>', 'US dollars', amountParser('usd'))
    .option('--tokens <count>', 'input and output tokens together', countParser('tokens'))
    .option('--no-usd', 'no bound in money')
    .option('--no-tokens', 'no bound in tokens')
    .action(async (name: string, { json, ...options }: BudgetOptions) => {
      const change = readChange(options)
      const agent =
        Object.keys(change).length > 0
          ? await client.costs.setBudget(name, change)
          : await client.show(name)
      if (json) {
        return output.json(agent)
      }
      const { colors, isTerminal } = output
      await output.line(
        `${formatAgentLine(agent, colors, isTerminal)}${colors.dim(`  ${spendingText(agent)}`)}`,
      )
    })
}

/** A negated option is false, and true where it was not given. */
function readChange({ usd, tokens }: Omit<BudgetOptions, 'json'>): BudgetChange {
  const bound = (value: number | boolean | undefined): number | null | undefined =>
    typeof value === 'number' ? value : value === false ? null : undefined
  const change = { usd: bound(usd), tokens: bound(tokens) }
  return {
    ...(change.usd === undefined ? {} : { usd: change.usd }),
    ...(change.tokens === undefined ? {} : { tokens: change.tokens }),
  }
}

function spendingText({ spec, cost, turns }: AgentDetail): string {
  const tokens = (cost.inputTokens ?? 0) + (cost.outputTokens ?? 0)
  const spent = [costText(cost, turns), tokens > 0 ? `${tokens} tokens` : null]
  const sum = spent.filter((part) => part !== null && part !== 'unmeasured').join(', ')
  return `budget ${budgetText(spec.budget) ?? 'none'}; spent ${sum || (turns === 0 ? 'nothing' : 'unmeasured')}`
}
