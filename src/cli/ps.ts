import type { Command } from 'commander'
import { formatAgentTable, formatPeerTable } from './format-agent.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { findOwnAgent } from './own-agent.ts'

interface PsOptions extends CommonOptions {
  all?: boolean
  tag?: string
  can?: string
  label?: string
}

export function psCommand({ context, client, output }: Invocation): Command {
  return createCommand('ps', context)
    .description('List agents: live and sleeping ones; with -a also stopped and failed ones.')
    .option('-a, --all', 'also stopped and failed agents')
    .option('--tag <word>', 'only those with this tag')
    .option('--can <word>', 'only those that can this')
    .option('--label <text>', 'only those with this label')
    .action(async ({ json, can: capability, ...given }: PsOptions) => {
      const wanted = { ...given, capability, stats: true }
      const isFiltered = [given.tag, given.label, capability].some((word) => word !== undefined)
      if (json && output.isTerminal) {
        return output.json(await client.list(wanted))
      }
      if (json) {
        // As it comes: ten thousand agents are not taken apart only to be put together again.
        for await (const chunk of await client.listBody(wanted)) {
          await output.write(chunk)
        }
        return output.line()
      }
      if (findOwnAgent(context.env)) {
        return output.lines(formatPeerTable(await client.peers(wanted), output))
      }
      const agents = await client.list(wanted)
      if (agents.length === 0) {
        return output.line(
          output.colors.dim(
            isFiltered
              ? 'No agent is so.'
              : given.all
                ? 'No agents yet. Make one: drover run hello --name hello'
                : 'No live or sleeping agents. `drover ps -a` also lists stopped and failed ones.',
          ),
        )
      }
      await output.lines(formatAgentTable(agents, { ...output, now: Date.now() }))
    })
}
