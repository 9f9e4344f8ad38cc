import type { Command } from 'commander'
import { agentVerbCommand } from './agent-verb.ts'
import type { Invocation } from './invocation.ts'

export function sleepCommand(invocation: Invocation): Command {
  return agentVerbCommand(invocation, {
    verb: 'sleep',
    doing: 'falling asleep',
    isForOneself: true,
    description: 'Put an agent to sleep: its run ends, its session stays. A message wakes it.',
  })
}
