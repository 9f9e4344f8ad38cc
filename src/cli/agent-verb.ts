import type { Command } from 'commander'
import type { AgentVerb } from '../client/index.ts'
import type { Agent, AgentStatus } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import { formatAgentLine } from './format-agent.ts'
import { withInterrupt } from './interrupt.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { parseSeconds } from './option-values.ts'
import { withSpinner } from './spinner.ts'

interface VerbOptions extends CommonOptions {
  wait: boolean
  timeout: number
}

/** A verb on one agent that waits until its transition is complete. */
export function agentVerbCommand(
  { context, client, output }: Invocation,
  { verb, doing, description }: { verb: AgentVerb; doing: string; description: string },
): Command {
  return createCommand(verb, context)
    .description(description)
    .argument('<name>', 'agent')
    .option('--no-wait', 'return once the wish is stored')
    .option('--timeout <seconds>', 'how long to wait', parseSeconds, limits.waitSeconds)
    .action(async (name: string, { json, wait, timeout }: VerbOptions) => {
      const waitSeconds = wait ? Math.min(timeout, limits.waitSeconds) : 0
      const agent = await withInterrupt(
        () => `left; ${name} goes on ${doing}.`,
        (signal) =>
          withSpinner(
            context,
            `${doing} ${name}`,
            client.change(name, verb, { waitSeconds, signal }),
          ),
      )
      if (wait) {
        checkSettled(agent, verb, timeout)
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
    throw new DroverError(
      'timeout',
      `${agent.name} is still ${agent.status} after ${timeoutSeconds} s.`,
    )
  }
  checkUp(agent, verb === 'wake')
}

/** An agent that should be up and is not says why. */
export function checkUp(agent: Agent, isWanted: boolean): void {
  const isDown =
    agent.status === 'failed' || (agent.status === 'asleep' && agent.lastRun?.status === 'failed')
  if (isWanted && isDown) {
    const cause = agent.cause ?? agent.lastRun?.cause ?? 'its program ended at once'
    throw new DroverError('start_failed', `${agent.name} did not stay up: ${cause}.`, {
      details: { agent: agent.name, exitCode: agent.lastRun?.exitCode ?? null },
    })
  }
}
