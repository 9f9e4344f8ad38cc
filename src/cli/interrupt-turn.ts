import type { Command } from 'commander'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import { withAgentSpinner } from './agent-spinner.ts'
import { formatAgentLine } from './format-agent.ts'
import { withInterrupt } from './interrupt.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { parseSeconds } from './option-values.ts'

interface InterruptOptions extends CommonOptions {
  wait: boolean
  timeout: number
}

export function interruptCommand(invocation: Invocation): Command {
  const { context, client, output } = invocation
  return createCommand('interrupt', context)
    .description('End the turn an agent is in. Its program stays, and what waits for it is next.')
    .argument('<name>', 'agent')
    .option('--no-wait', 'return once the program was told')
    .option('--timeout <time>', 'how long to wait', parseSeconds, limits.waitSeconds)
    .action(async (name: string, { json, wait, timeout }: InterruptOptions) => {
      const waitSeconds = wait ? Math.min(timeout, limits.waitSeconds) : 0
      const result = await withInterrupt(
        () => `left; ${name} was told to end its turn.`,
        (signal) =>
          withAgentSpinner(
            invocation,
            { text: `ending the turn of ${name}`, agent: name, signal },
            client.interrupt(name, { waitSeconds, signal }),
          ),
      )
      const { did, agent } = result
      if (wait && did === 'interrupted' && agent.status === 'working') {
        const text = `${name} is still in its turn after ${waitSeconds} s.`
        throw new DroverError('timeout', text, { details: { agent: name } })
      }
      const line = formatAgentLine(agent, output.colors, output.isTerminal)
      const note = output.colors.dim('  it was in no turn')
      await (json ? output.json(result) : output.line(did === 'nothing' ? `${line}${note}` : line))
    })
}
