import { Option, type Command } from 'commander'
import { agentVerbCommand } from './agent-verb.ts'
import type { Invocation } from './invocation.ts'

export function wakeCommand(invocation: Invocation): Command {
  return agentVerbCommand(invocation, {
    verb: 'wake',
    doing: 'waking',
    description:
      'Bring a sleeping agent up, with no message. It goes on with its session where there is one.',
    readMode: ({ fresh, resume }) => (fresh ? 'fresh' : resume ? 'resume' : undefined),
  })
    .option('--in <runtime>', 'where it runs from now on; it must be asleep')
    .option('--fresh', 'begin a fresh session, at the turn boundary if it is up')
    .addOption(new Option('--resume', 'go on with the session, or fail').conflicts('fresh'))
}
