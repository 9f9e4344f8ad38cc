import type { Command } from 'commander'
import { DroverError } from '../schema/error.ts'
import type { CliContext, Environment } from './context.ts'

/** The agent whose program called `drover`, with the socket of the daemon that started it, or the agents' door. */
export type OwnAgent = { name: string; token: string } & ({ socket: string } | { url: string })

/**
 * The agent inside of which `drover` was called, or null. Whoever sets DROVER_HOME there means that
 * home, and is nobody's agent in it.
 */
export function findOwnAgent(env: Environment): OwnAgent | null {
  const { DROVER_HOME, DROVER_AGENT: name, DROVER_TOKEN: token } = env
  const { DROVER_SOCKET: socket, DROVER_URL: url } = env
  if (DROVER_HOME || !name || !token) {
    return null
  }
  if (url) {
    return { name, url, token }
  }
  return socket ? { name, socket, token } : null
}

/** The argument of a verb that an agent may use on itself: NAME, which inside of an agent may be left out. */
export function addNameArgument(command: Command, { env }: Pick<CliContext, 'env'>): Command {
  const own = findOwnAgent(env)
  return own
    ? command.argument('[name]', 'agent; left out, the one that asks', own.name)
    : command.argument('<name>', 'agent')
}

/** Refuses a verb that would act on another home than it seems to. Errors: `forbidden`. */
export function refuseInsideAgent(verb: string, { env }: Pick<CliContext, 'env'>): void {
  const own = findOwnAgent(env)
  if (own) {
    throw new DroverError(
      'forbidden',
      `drover ${verb}: this is inside of the agent ${own.name}. With DROVER_HOME set it is about that home.`,
      { details: { agent: own.name } },
    )
  }
}
