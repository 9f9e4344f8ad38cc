import type { Command } from 'commander'
import { agentVerbCommand } from './agent-verb.ts'
import type { Invocation } from './invocation.ts'

export function startCommand(invocation: Invocation): Command {
  return agentVerbCommand(invocation, {
    verb: 'start',
    doing: 'starting',
    description: 'Release a stopped agent: it takes messages again.',
  }).option('--in <runtime>', 'where it runs from now on; its run must have ended')
}
