import type { Command } from 'commander'
import { agentVerbCommand } from './agent-verb.ts'
import type { Invocation } from './invocation.ts'

export function wakeCommand(invocation: Invocation): Command {
  return agentVerbCommand(invocation, {
    verb: 'wake',
    doing: 'waking',
    description: 'Bring a sleeping agent up, with no message.',
  })
}
