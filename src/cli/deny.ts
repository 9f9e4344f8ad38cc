import type { Command } from 'commander'
import { decisionCommand } from './decide-approval.ts'
import type { Invocation } from './invocation.ts'

export function denyCommand(invocation: Invocation): Command {
  return decisionCommand(invocation, 'deny', 'Do not let an agent do what it asks for.')
}
