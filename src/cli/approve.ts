import type { Command } from 'commander'
import { decisionCommand } from './decide-approval.ts'
import type { Invocation } from './invocation.ts'

export function approveCommand(invocation: Invocation): Command {
  return decisionCommand(invocation, 'approve', 'Let an agent do what it asks for.')
}
