import type { Command } from 'commander'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { addNameArgument } from './own-agent.ts'

export function screenCommand({ context, client, output }: Invocation): Command {
  return addNameArgument(createCommand('screen', context), context)
    .description(
      "Print what stands on an agent's terminal now, as text. Nothing is typed or woken.",
    )
    .action(async (name: string, { json }: CommonOptions) => {
      const screen = await client.screen(name)
      await (json ? output.json(screen) : output.line(screen.text.replace(/\n$/, '')))
    })
}
