import type { Command } from 'commander'
import { agentVerbCommand } from './agent-verb.ts'
import type { Invocation } from './invocation.ts'

export function newCommand(invocation: Invocation): Command {
  return agentVerbCommand(invocation, {
    verb: 'new',
    doing: 'beginning a fresh session',
    isForOneself: true,
    description:
      'Begin a fresh session: the present one ends when its turn is over, the new one starts at once.',
  })
}
