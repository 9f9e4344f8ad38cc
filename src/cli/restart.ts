import type { Command } from 'commander'
import { agentVerbCommand } from './agent-verb.ts'
import type { Invocation } from './invocation.ts'

export function restartCommand(invocation: Invocation): Command {
  return agentVerbCommand(invocation, {
    verb: 'restart',
    doing: 'restarting',
    description: 'End its run now, in mid-turn if need be, and bring it up again with its session.',
  })
}
