import type { Command } from 'commander'
import { formatWhy } from './format-why.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { addNameArgument } from './own-agent.ts'

export function whyCommand({ context, client, output }: Invocation): Command {
  return addNameArgument(createCommand('why', context), context)
    .description(
      'Say why an agent is as it is: what keeps it awake or down, where its messages are, what comes next and when.',
    )
    .action(async (name: string, { json }: CommonOptions) => {
      const why = await client.why(name)
      await (json ? output.json(why) : output.lines(formatWhy(why, output)))
    })
}
