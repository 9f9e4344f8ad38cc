import { Command, CommanderError } from 'commander'
import { DroverError } from '../schema/error.ts'
import { commands, type CommandEntry } from './commands.ts'
import type { CliContext } from './context.ts'
import { createCommand, createInvocation } from './invocation.ts'

/** Runs one call of the CLI; resolves to its exit code and never rejects. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const call = parseCall(argv)
  const leave = (error: NodeJS.ErrnoException): void => {
    if (!commands[call.name ?? '']?.outlivesReader) {
      context.exit(error.code === 'EPIPE' ? 0 : 1)
    }
  }
  context.stdout.on('error', leave)
  try {
    return await dispatch(call, context)
  } catch (error) {
    const { reportFailure } = await import('./failure.ts')
    return reportFailure(error, context, call.isJson)
  } finally {
    context.stdout.off('error', leave)
  }
}

interface Call {
  /** The command's name; null when only options were given. */
  name: string | null
  /** Options before the name. */
  leading: string[]
  /** After the name, up to `--`. */
  args: string[]
  /** After `--`; null without one. */
  rest: string[] | null
  isJson: boolean
}

export function parseCall(argv: readonly string[]): Call {
  const end = argv.indexOf('--')
  const head = end === -1 ? argv : argv.slice(0, end)
  const found = head.findIndex((argument) => !argument.startsWith('-'))
  const index = found === -1 ? head.length : found
  return {
    name: head[index] ?? null,
    leading: head.slice(0, index),
    args: head.slice(index + 1),
    rest: end === -1 ? null : argv.slice(end + 1),
    isJson: head.includes('--json'),
  }
}

async function dispatch({ name, leading, args, rest }: Call, context: CliContext): Promise<number> {
  const unknown = leading.find((option) => !rootOptions.has(option))
  if (unknown !== undefined) {
    throw new DroverError('usage', `Unknown option ${unknown} before the command.`)
  }
  if (leading.includes('--version') || leading.includes('-V')) {
    context.stdout.write(`${context.version}\n`)
    return 0
  }
  if (name === null || (name === 'help' && args.length === 0)) {
    const { formatOverview } = await import('./overview.ts')
    context.stdout.write(formatOverview(context))
    return 0
  }
  const isHelp = name === 'help' || leading.includes('-h') || leading.includes('--help')
  const [wanted, ...wantedArgs] = name === 'help' ? args : [name, ...args]
  const entry = findCommand(wanted ?? '')
  const invocation = createInvocation(context, entry.takesProgram ? rest : null)
  const command = (await entry.load())(invocation)
  const root = new Command('drover')
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand(false)
    .addCommand(command)
  const json = leading.filter((option) => option === '--json')
  const operands = rest && !entry.takesProgram ? ['--', ...rest] : []
  const line = isHelp
    ? [command.name(), ...subcommandNames(command, wantedArgs), '--help']
    : [command.name(), ...json, ...wantedArgs, ...operands]
  try {
    await root.parseAsync(line, { from: 'user' })
    return invocation.exitCode
  } catch (error) {
    return fromCommander(error)
  } finally {
    invocation.client.close()
  }
}

const rootOptions = new Set(['--json', '--help', '-h', '--version', '-V'])

function findCommand(name: string): CommandEntry {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!entry) {
    const near = Object.keys(commands).find((candidate) => isNear(candidate, name))
    const question = near ? ` Did you mean \`drover ${near}\`?` : ''
    throw new DroverError('usage', `There is no command ${JSON.stringify(name)}.${question}`)
  }
  return entry
}

/** One letter too many, too few, another, or two swapped. */
export function isNear(word: string, typed: string): boolean {
  let start = 0
  while (start < word.length && word[start] === typed[start]) {
    start++
  }
  const [left, right] = [word.slice(start), typed.slice(start)]
  const isSwapped = left.slice(2) === right.slice(2) && left[0] === right[1] && left[1] === right[0]
  return (
    left.slice(1) === right.slice(1) ||
    left === right.slice(1) ||
    left.slice(1) === right ||
    isSwapped
  )
}

/** `help template ls` goes down to the subcommand. */
function subcommandNames(command: Command, args: readonly string[]): string[] {
  const [first] = args
  return command.commands.some((sub) => sub.name() === first) && first !== undefined ? [first] : []
}

/** Help was shown: 0. Anything else commander complains of is a `usage` error. */
function fromCommander(error: unknown): number {
  if (!(error instanceof CommanderError)) {
    throw error
  }
  if (error.exitCode === 0) {
    return 0
  }
  const text = error.message.replace(/^error: /, '').trim()
  const message =
    text === '(outputHelp)'
      ? 'A subcommand is missing.'
      : text.charAt(0).toUpperCase() + text.slice(1)
  throw new DroverError('usage', /[.?!)]$/.test(message) ? message : `${message}.`, {
    cause: error,
  })
}

/** Every command with all its options, for completion. */
export async function loadCommandTree(context: CliContext): Promise<Command[]> {
  const invocation = createInvocation(context, null)
  const tree = await Promise.all(
    Object.values(commands).map(async (entry) => (await entry.load())(invocation)),
  )
  return [...tree, createCommand('help', context).argument('[command]').description('show help')]
}
