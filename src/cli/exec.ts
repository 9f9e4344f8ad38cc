import type { Command } from 'commander'
import { DroverError } from '../schema/error.ts'
import type { ExecRequestInput } from '../schema/exec.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { collectEnvironment } from './option-values.ts'

interface ExecOptions extends CommonOptions {
  tty?: boolean
  user?: string
  workdir?: string
  env?: Record<string, string>
}

export function execCommand(invocation: Invocation): Command {
  return createCommand('exec', invocation.context)
    .description(
      "Run a program in an agent's container, beside it. Its input, output and exit code are yours; it ends when you leave.",
    )
    .usage('[options] <name> -- PROGRAM [ARG...]')
    .argument('<name>', 'agent; it must be awake')
    .option('-t, --tty', 'give it your terminal')
    .option('--user <user>', "name, uid or uid:gid inside (default: the agent's)")
    .option('--workdir <folder>', "folder inside (default: the agent's)")
    .option(
      '--env <NAME=VALUE>',
      "over the agent's environment; may be given many times",
      collectEnvironment,
    )
    .action(async (name: string, options: ExecOptions) => {
      const { runBeside } = await import('./container/run-beside.ts')
      await runBeside(invocation, name, createRequest(invocation, options))
    })
}

/** Errors: `usage`. */
function createRequest(
  { program, context }: Invocation,
  { tty, user, workdir, env }: ExecOptions,
): ExecRequestInput & { isTty: boolean } {
  if (program === null || program.length === 0) {
    throw new DroverError('usage', 'exec: names no program; put it after "--".')
  }
  if (tty && !(context.stdin.isTTY && context.stdout.isTTY)) {
    throw new DroverError('usage', '--tty: needs a terminal for input and output.')
  }
  return {
    argv: [...program],
    isTty: tty ?? false,
    ...(user === undefined ? {} : { user }),
    ...(workdir === undefined ? {} : { dir: workdir }),
    ...(env === undefined ? {} : { env }),
  }
}
