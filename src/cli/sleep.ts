import type { Command } from 'commander'
import { agentVerbCommand } from './agent-verb.ts'
import type { Invocation } from './invocation.ts'

export function sleepCommand(invocation: Invocation): Command {
  const command = agentVerbCommand(invocation, {
    verb: 'sleep',
    doing: 'falling asleep',
    isForOneself: true,
    description:
      'Put an agent to sleep: its run ends, or is suspended where it is made so; its session stays. A message wakes it.',
  })
  return command.option('--full', 'end its run though it could be suspended')
}
