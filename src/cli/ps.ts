import type { Command } from 'commander'
import { formatAgentTable, formatPeerTable } from './format-agent.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { findOwnAgent } from './own-agent.ts'

export function psCommand({ context, client, output }: Invocation): Command {
  return createCommand('ps', context)
    .description('List agents: live and sleeping ones; with -a also stopped and failed ones.')
    .option('-a, --all', 'also stopped and failed agents')
    .action(async ({ json, all }: CommonOptions & { all?: boolean }) => {
      if (json) {
        // As it comes: ten thousand agents are not taken apart only to be put together again.
        for await (const chunk of await client.listBody({ all: all ?? false })) {
          await output.write(chunk)
        }
        return output.line()
      }
      if (findOwnAgent(context.env)) {
        return output.lines(formatPeerTable(await client.peers({ all: all ?? false }), output))
      }
      const agents = await client.list({ all: all ?? false })
      if (agents.length === 0) {
        return output.line(
          output.colors.dim(
            all
              ? 'No agents yet. Make one: drover run hello --name hello'
              : 'No live or sleeping agents. `drover ps -a` also lists stopped and failed ones.',
          ),
        )
      }
      await output.lines(formatAgentTable(agents, { ...output, now: Date.now() }))
    })
}
