import { Command } from 'commander'
import { createClient, type Client } from '../client/index.ts'
import type { CliContext } from './context.ts'
import { createOutput, type Output } from './output.ts'
import { findOwnAgent } from './own-agent.ts'

/** One call of the CLI, as the commands see it. */
export interface Invocation {
  context: CliContext
  output: Output
  client: Client
  /** Everything after `--`, for commands that take a program; null when there was no `--`. */
  program: readonly string[] | null
  /** Set by a command that printed its result and still did not succeed. */
  exitCode: number
}

export function createInvocation(
  context: CliContext,
  program: readonly string[] | null,
): Invocation {
  return {
    context,
    output: createOutput(context),
    client: createClient(findOwnAgent(context.env) ?? { socket: context.home.socketFile }),
    program,
    exitCode: 0,
  }
}

/** Options every command has. */
export interface CommonOptions {
  json?: boolean
}

/** A command that throws where commander would end the process, with what every command has. */
export function createCommand(name: string, { stdout }: CliContext): Command {
  return new Command(name)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        stdout.write(text)
      },
      writeErr: () => undefined,
      getOutHelpWidth: () => stdout.columns ?? 80,
      getOutHasColors: () => false,
    })
    .option('--json', 'print JSON for programs')
    .helpOption('-h, --help', 'show this help')
}

/** A command that only holds others. It takes their `--json` wherever that stands, and hands it on. */
export function createGroup(name: string, context: CliContext): Command {
  return createCommand(name, context)
    .helpCommand(false)
    .hook('preAction', (group, verb) => {
      if (group.opts<CommonOptions>().json) {
        verb.setOptionValue('json', true)
      }
    })
}
