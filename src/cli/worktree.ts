import type { Command } from 'commander'
import type { PrunedWorktree, Worktree } from '../schema/reports.ts'
import { createCommand, createGroup, type CommonOptions, type Invocation } from './invocation.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { withSpinner } from './spinner.ts'
import { formatTable, type Column } from './table.ts'

export function worktreeCommand(invocation: Invocation): Command {
  return createGroup('worktree', invocation.context)
    .description('Git worktrees of agents, also of those that are gone.')
    .addCommand(listCommand(invocation))
    .addCommand(pruneCommand(invocation))
}

function listCommand({ context, client, output }: Invocation): Command {
  return createCommand('ls', context)
    .description('List worktrees, and what in them is nowhere else.')
    .action(async ({ json }: CommonOptions) => {
      const worktrees = await withSpinner(context, 'looking', client.worktrees.list())
      if (json) {
        return output.json(worktrees)
      }
      await (worktrees.length === 0
        ? output.line(output.colors.dim('No worktrees. `drover run … --worktree` makes one.'))
        : output.lines(formatTable(columnsOf(output), worktrees, tableOf(output))))
    })
}

function pruneCommand({ context, client, output }: Invocation): Command {
  return createCommand('prune', context)
    .description(
      'Remove the worktrees of agents that are gone. What is in use, not committed or nowhere else is kept.',
    )
    .option('-n, --dry-run', 'only say what would be done')
    .action(async ({ json, dryRun = false }: CommonOptions & { dryRun?: boolean }) => {
      const pruning = client.worktrees.prune({ dryRun })
      const pruned = await withSpinner(context, 'looking', pruning)
      if (json) {
        return output.json(pruned)
      }
      if (pruned.length === 0) {
        return output.line(output.colors.dim('No worktrees of agents that are gone.'))
      }
      const word = ({ isRemoved }: PrunedWorktree): string =>
        isRemoved ? (dryRun ? 'would go' : 'removed') : 'kept'
      const columns: Column<PrunedWorktree>[] = [
        { title: '', cell: word, paint: output.colors.bold },
        ...columnsOf(output),
      ]
      await output.lines(formatTable(columns, pruned, tableOf(output)))
    })
}

function columnsOf({ colors }: Output): Column<Worktree>[] {
  return [
    {
      title: 'AGENT',
      cell: ({ agent, hasAgent }) => (hasAgent ? agent : `${agent} (gone)`),
      shrinkTo: 10,
    },
    { title: 'STANDING', cell: ({ standing }) => standing },
    { title: 'BRANCH', cell: ({ branch }) => branch, shrinkTo: 10 },
    { title: 'FOLDER', cell: ({ folder }) => folder, shrinkTo: 20 },
    { title: 'CAUSE', cell: ({ cause }) => oneLine(cause), paint: colors.dim, shrinkTo: 10 },
  ]
}

function tableOf({ width, colors }: Output): {
  width: number
  paintTitle: (text: string) => string
} {
  return { width, paintTitle: colors.dim }
}
