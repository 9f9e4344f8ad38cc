import { Option, type Command } from 'commander'
import { DroverError } from '../schema/error.ts'
import { canDraw } from './can-draw.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { defaultTimeoutSeconds, parseSeconds } from './option-values.ts'

export interface AttachOptions extends CommonOptions {
  thinking?: boolean
  timeout: number
  terminal?: boolean
  conversation?: boolean
  readOnly?: boolean
  detachKey?: string
  url?: boolean
  in?: string
}

export function attachCommand(invocation: Invocation): Command {
  const { context, client } = invocation
  return createCommand('attach', context)
    .description(
      'Be with an agent: at its terminal, where it has one, else in a conversation. It wakes with its session, and stays awake while you are there.',
    )
    .argument('<name>', 'agent')
    .option('--terminal', 'its terminal, or fail')
    .addOption(
      new Option('--conversation', 'a conversation, though it has a terminal').conflicts([
        'terminal',
        'readOnly',
        'url',
      ]),
    )
    .option('--read-only', 'look at its terminal and type nothing')
    .option('--detach-key <key>', 'key that leaves its terminal, or none (default: ctrl-])')
    .option('--in <runtime>', 'where it runs from now on; it must be asleep')
    .option('--url', 'print an address that opens its terminal in a browser, once')
    .option('--thinking', 'in a conversation: show what it thinks, too')
    .option(
      '--timeout <seconds>',
      'in a conversation without a terminal: how long to wait for each reply',
      parseSeconds,
      defaultTimeoutSeconds,
    )
    .action(async (name: string, options: AttachOptions) => {
      if (options.in !== undefined) {
        await client.wake(name, { runtime: options.in })
      }
      if (options.url) {
        return printAddress(invocation, name, options)
      }
      if (await attachToTerminal(invocation, name, options)) {
        return
      }
      if (canDraw(invocation.context) && !options.json) {
        const { attachTerminal } = await import('./attach/attach-terminal.ts')
        return attachTerminal(invocation, name, options)
      }
      const { attachLines } = await import('./attach/attach-lines.ts')
      return attachLines(invocation, name, options)
    })
}

/** Resolves to false where it is to be a conversation. Errors: `usage`, `no_terminal` where only a terminal will do. */
async function attachToTerminal(
  invocation: Invocation,
  name: string,
  { json, terminal, conversation, readOnly = false, detachKey }: AttachOptions,
): Promise<boolean> {
  const { parseDetachKey } = await import('./terminal/detach-key.ts')
  const key = parseDetachKey(detachKey)
  const isTerminalWanted = terminal === true || readOnly
  if (json || conversation || !canDraw(invocation.context)) {
    if (isTerminalWanted) {
      const option = readOnly ? '--read-only' : '--terminal'
      throw new DroverError(
        'usage',
        `${option}: needs a terminal for input and output${json ? ', and no --json' : ''}; \`drover logs\` shows what an agent said.`,
        { details: { field: option.slice(2) } },
      )
    }
    return false
  }
  const { visitAgent } = await import('./terminal/visit-agent.ts')
  return await visitAgent(invocation, name, { key, isReadOnly: readOnly, isTerminalWanted })
}

async function printAddress(
  { client, output }: Invocation,
  name: string,
  { json, readOnly }: AttachOptions,
): Promise<void> {
  const ticket = await client.terminalTicket(name, { readOnly: readOnly ?? false })
  await (json ? output.json(ticket) : output.line(ticket.url))
  output.note('It opens once, within a minute.')
}
