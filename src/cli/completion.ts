import { Argument, type Command } from 'commander'
import { isUnreachable } from '../client/resuming-stream.ts'
import { formatCompletionScript, type CompletionNode } from './completion-script.ts'
import { createCommand, type Invocation } from './invocation.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export function completionCommand(invocation: Invocation): Command {
  const { context, client, output } = invocation
  return createCommand('completion', context)
    .description(
      'Print a completion script. For bash: source <(drover completion bash). The scripts ask ' +
        '`drover completion agents` and `drover completion templates` for names.',
    )
    .addArgument(new Argument('<shell>', 'shell').choices([...shells, 'agents', 'templates']))
    .action(async (shell: Shell | 'agents' | 'templates') => {
      if (shell === 'agents' || shell === 'templates') {
        const names = shell === 'agents' ? client.list({ all: true }) : client.templates()
        return output.lines((await names.catch(noneWhenAway)).map(({ name }) => name))
      }
      const { loadCommandTree } = await import('./program.ts')
      const tree = await loadCommandTree(context)
      await output.write(formatCompletionScript(shell, tree.map(toNode)))
    })
}

/** A shell that asks for names while no daemon runs gets none. */
function noneWhenAway(error: unknown): { name: string }[] {
  if (isUnreachable(error)) {
    return []
  }
  throw error
}

/** Names of a command's first argument, where they can be asked for. */
const askedFor: Readonly<Record<string, CompletionNode['argument']>> = {
  name: 'agents',
  template: 'templates',
}

function toNode(command: Command): CompletionNode {
  const first = command.registeredArguments[0]
  return {
    name: command.name(),
    description: command.description().split(/[.:;] ?/)[0] ?? '',
    options: [
      ...command.options.map(({ short, long, description, required }) => ({
        names: [long, short].filter((flag): flag is string => typeof flag === 'string'),
        description,
        takesValue: required,
      })),
      { names: ['--help', '-h'], description: 'show this help', takesValue: false },
    ],
    words: [...(first?.argChoices ?? []), ...command.commands.map((sub) => sub.name())],
    argument: first ? (askedFor[first.name()] ?? null) : null,
  }
}
