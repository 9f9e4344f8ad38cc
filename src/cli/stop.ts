import type { Command } from 'commander'
import { agentVerbCommand } from './agent-verb.ts'
import type { Invocation } from './invocation.ts'

export function stopCommand(invocation: Invocation): Command {
  return agentVerbCommand(invocation, {
    verb: 'stop',
    doing: 'stopping',
    description:
      'Hold an agent: its run ends, messages are refused, nothing wakes it but `drover start`.',
  })
}
