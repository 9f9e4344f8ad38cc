import { Argument, type Command } from 'commander'
import type { Client } from '../client/index.ts'
import { isUnreachable } from '../client/resuming-stream.ts'
import {
  askedNames,
  formatCompletionScript,
  type AskedName,
  type CompletionNode,
} from './completion-script.ts'
import { createCommand, type Invocation } from './invocation.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export function completionCommand(invocation: Invocation): Command {
  const { context, client, output } = invocation
  return createCommand('completion', context)
    .description(
      'Print a completion script. For bash: source <(drover completion bash). The scripts ask ' +
        '`drover completion agents`, `templates`, `schedules` and `approvals` for names.',
    )
    .addArgument(new Argument('<shell>', 'shell').choices([...shells, ...askedNames]))
    .action(async (word: Shell | AskedName) => {
      if (isAskedName(word)) {
        const named = await askNames(client, word).catch(noneWhenAway)
        return output.lines(named.map(({ name }) => name))
      }
      const { loadCommandTree } = await import('./program.ts')
      const tree = await loadCommandTree(context)
      await output.write(formatCompletionScript(word, tree.map(toNode)))
    })
}

function askNames(client: Client, what: AskedName): Promise<{ name: string }[]> {
  switch (what) {
    case 'agents':
      return client.list({ all: true })
    case 'templates':
      return client.templates()
    case 'schedules':
      return client.schedules.list()
    case 'approvals':
      return askApprovals(client)
  }
}

/** Open questions by their ids, and the agents that have one. */
async function askApprovals(client: Client): Promise<{ name: string }[]> {
  const open = await client.approvals.list({ state: 'open' })
  const names = new Set([...open.map(({ id }) => id), ...open.map(({ agent }) => agent)])
  return Array.from(names, (name) => ({ name }))
}

function isAskedName(word: string): word is AskedName {
  return (askedNames as readonly string[]).includes(word)
}

/** A shell that asks for names while no daemon runs gets none. */
function noneWhenAway(error: unknown): { name: string }[] {
  if (isUnreachable(error)) {
    return []
  }
  throw error
}

/** Names of a command's first argument, where they can be asked for. */
const askedFor: Readonly<Record<string, AskedName>> = {
  name: 'agents',
  template: 'templates',
  schedule: 'schedules',
  question: 'approvals',
}

function toNode(command: Command): CompletionNode {
  const first = command.registeredArguments[0]
  return {
    name: command.name(),
    description: command.description().split(/[.:;] ?/)[0] ?? '',
    options: optionsOf(command),
    words: [...(first?.argChoices ?? []), ...command.commands.map((sub) => sub.name())],
    argument: first ? askedBy(command) : askedBySubcommands(command),
    argumentAt: first ? 2 : 3,
  }
}

function askedBy(command: Command): AskedName | null {
  return askedFor[command.registeredArguments[0]?.name() ?? ''] ?? null
}

/** `add NAME` gives a name that is new; what `show NAME` asks for is what there is. */
function askedBySubcommands({ commands }: Command): AskedName | null {
  const show = commands.find((command) => command.name() === 'show')
  return show ? askedBy(show) : null
}

/** Its own options and those of its subcommands, each once. */
function optionsOf(command: Command): CompletionNode['options'] {
  const options = [command, ...command.commands].flatMap((each) => each.options)
  const byFlag = new Map(options.map((option) => [option.flags, option]))
  return [
    ...[...byFlag.values()].map(({ short, long, description, required }) => ({
      names: [long, short].filter((flag): flag is string => typeof flag === 'string'),
      description,
      takesValue: required,
    })),
    { names: ['--help', '-h'], description: 'show this help', takesValue: false },
  ]
}
