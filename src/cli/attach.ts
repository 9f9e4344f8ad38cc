import type { Command } from 'commander'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { defaultTimeoutSeconds, parseSeconds } from './option-values.ts'

export interface AttachOptions extends CommonOptions {
  thinking?: boolean
  timeout: number
}

export function attachCommand(invocation: Invocation): Command {
  const { context } = invocation
  return createCommand('attach', context)
    .description(
      'Talk with an agent. It wakes with its session, and stays awake while you are there.',
    )
    .argument('<name>', 'agent')
    .option('--thinking', 'show what it thinks, too')
    .option(
      '--timeout <seconds>',
      'without a terminal: how long to wait for each reply',
      parseSeconds,
      defaultTimeoutSeconds,
    )
    .action(async (name: string, options: AttachOptions) => {
      const { stdin, stdout, env } = context
      const isTerminal = stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb'
      if (isTerminal && !options.json) {
        const { attachTerminal } = await import('./attach/attach-terminal.ts')
        return attachTerminal(invocation, name, options)
      }
      const { attachLines } = await import('./attach/attach-lines.ts')
      return attachLines(invocation, name, options)
    })
}
