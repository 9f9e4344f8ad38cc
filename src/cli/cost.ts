import { Option, type Command } from 'commander'
import type { CostGroup } from '../schema/cost.ts'
import { DroverError } from '../schema/error.ts'
import { formatCostReport } from './format-cost.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { durationParser } from './option-values.ts'

const groups: readonly CostGroup[] = ['day', 'agent', 'run', 'model']

interface CostCommandOptions extends CommonOptions {
  by?: CostGroup
  /** A day, UTC. */
  since?: string
  count?: number
}

export function costCommand({ context, client, output }: Invocation): Command {
  return createCommand('cost', context)
    .description(
      'Say what agents cost: by agent, or of one agent by day. ~ is estimated from tokens, + leaves out turns that are unmeasured.',
    )
    .argument('[name]', 'one agent; also one that was removed')
    .addOption(new Option('--by <what>', 'what is added up').choices(groups))
    .option('--since <when>', 'a day such as 2026-11-01, or so long ago: 7d', parseSince)
    .action(async (name: string | undefined, { json, by, since }: CostCommandOptions) => {
      const group = by ?? (name === undefined ? 'agent' : 'day')
      const report = await client.costs.report({ by: group, agent: name, since })
      if (json) {
        return output.json(report)
      }
      if (report.rows.length === 0) {
        return output.line(output.colors.dim('No turn was taken.'))
      }
      await output.lines(formatCostReport(report, output))
    })
}

/** A day of UTC, from a day or from how long ago it was. */
export function parseSince(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    if (Number.isNaN(Date.parse(text))) {
      throw new DroverError('usage', `--since: ${text} is no day.`, { details: { field: 'since' } })
    }
    return text
  }
  const at = Date.now() - durationParser('since')(text)
  return new Date(Math.max(at, 0)).toISOString().slice(0, 10)
}
