import type { Command } from 'commander'
import { limits } from '../schema/limits.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { withInterrupt } from './interrupt.ts'
import { oneLine } from './plain-text.ts'
import { withSpinner } from './spinner.ts'

export function rmCommand({ context, client, output }: Invocation): Command {
  return createCommand('rm', context)
    .description(
      'Remove an agent for good, with its messages, logs and schedules. A live one only with --force. A worktree with work that is nowhere else is kept.',
    )
    .argument('<name>', 'agent')
    .option('-f, --force', 'stop it first when it is live')
    .action(async (name: string, { json, force }: CommonOptions & { force?: boolean }) => {
      const { schedules, worktree } = await withInterrupt(
        () => `left; ${name} goes on being removed.`,
        (signal) =>
          withSpinner(
            context,
            `removing ${name}`,
            client.remove(name, { force: force ?? false, waitSeconds: limits.waitSeconds, signal }),
          ),
      )
      await (json
        ? output.json({ ok: true, name, schedules, worktree })
        : output.line(`${output.colors.bold(name)}  removed${withSchedules(schedules)}`))
      if (worktree && !worktree.isRemoved) {
        const why = worktree.cause ?? 'it is looked at'
        const { folder, branch } = worktree
        output.note(oneLine(`Its worktree ${folder} on branch ${branch} is kept: ${why}.`))
      }
    })
}

function withSchedules(names: readonly string[]): string {
  const what = names.length === 1 ? 'its schedule' : 'its schedules'
  return names.length === 0 ? '' : `, with ${what} ${names.join(', ')}`
}
