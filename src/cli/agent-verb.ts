import type { Command } from 'commander'
import type { AgentVerb, ChangeOptions } from '../client/index.ts'
import type { Agent, AgentStatus } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import { withAgentSpinner } from './agent-spinner.ts'
import { formatAgentLine } from './format-agent.ts'
import { formatWait } from './format-wait.ts'
import { withInterrupt } from './interrupt.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { addNameArgument, findOwnAgent } from './own-agent.ts'
import { parseSeconds } from './option-values.ts'

interface VerbOptions extends CommonOptions {
  wait: boolean
  timeout: number
  fresh?: boolean
  resume?: boolean
  in?: string
  full?: boolean
}

export interface AgentVerbOptions {
  verb: AgentVerb
  /** What it is doing meanwhile: `falling asleep`. */
  doing: string
  description: string
  /** An agent may use it on itself, and then leave its name out. */
  isForOneself?: boolean
  /** How a wake begins, by its own options. */
  readMode?: (options: VerbOptions) => ChangeOptions['mode']
}

/** A verb on one agent that waits until its transition is complete. */
export function agentVerbCommand(
  invocation: Invocation,
  { verb, doing, description, isForOneself = false, readMode }: AgentVerbOptions,
): Command {
  const { context, client, output } = invocation
  const command = createCommand(verb, context).description(description)
  return (isForOneself ? addNameArgument(command, context) : command.argument('<name>', 'agent'))
    .option('--no-wait', 'return once the wish is stored')
    .option('--timeout <time>', 'how long to wait', parseSeconds, limits.waitSeconds)
    .action(async (name: string, options: VerbOptions) => {
      const { json, wait, timeout } = options
      // An agent's own change comes once its turn is over, and this call is part of the turn.
      const isWaiting = wait && findOwnAgent(context.env)?.name !== name
      const waitSeconds = isWaiting ? Math.min(timeout, limits.waitSeconds) : 0
      const mode = readMode?.(options)
      const { in: runtime, full } = options
      const agent = await withInterrupt(
        () => `left; ${name} goes on ${doing}.`,
        (signal) =>
          withAgentSpinner(
            invocation,
            { text: `${doing} ${name}`, agent: name, signal },
            client.change(name, verb, { mode, runtime, full, waitSeconds, signal }),
          ),
      )
      if (isWaiting) {
        checkSettled(agent, verb, waitSeconds)
      }
      await (json
        ? output.json(agent)
        : output.line(formatAgentLine(agent, output.colors, output.isTerminal)))
    })
}

const unsettled: Readonly<Record<AgentVerb, readonly AgentStatus[]>> = {
  wake: ['waking', 'stopping'],
  start: ['waking', 'stopping'],
  sleep: ['stopping'],
  stop: ['stopping'],
  new: ['waking', 'stopping'],
  restart: ['waking', 'stopping'],
}

/** The daemon answers when the time is up, too. */
function checkSettled(agent: Agent, verb: AgentVerb, timeoutSeconds: number): void {
  if (unsettled[verb].includes(agent.status)) {
    throw stillError(agent, timeoutSeconds)
  }
  checkUp(agent, verb === 'wake' || verb === 'restart' || verb === 'new')
}

/** The time is up, and it is not; with what it waits for, where it waits for something. */
export function stillError({ name, status, waiting }: Agent, timeoutSeconds: number): DroverError {
  const cause = waiting ? `: ${formatWait(waiting, Date.now())}` : ''
  return new DroverError(
    'timeout',
    `${name} is still ${status} after ${timeoutSeconds} s${cause}.`,
    {
      details: { agent: name, ...(waiting ? { waiting } : {}) },
    },
  )
}

/** An agent that should be up and is not says why. */
export function checkUp(agent: Agent, isWanted: boolean): void {
  // One that sleeps after a good run has nothing to say of it.
  const isDown = agent.status === 'failed' || (agent.status === 'asleep' && agent.cause !== null)
  if (isWanted && isDown) {
    const cause = agent.cause ?? agent.lastRun?.cause ?? 'its program ended at once'
    throw new DroverError('start_failed', `${agent.name} did not stay up: ${cause}.`, {
      details: { agent: agent.name, exitCode: agent.lastRun?.exitCode ?? null },
    })
  }
}
