import type { Command } from 'commander'
import { formatApprovalDetail, formatApprovalTable } from './format-approval.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { countParser } from './option-values.ts'

interface ApprovalsOptions extends CommonOptions {
  all?: boolean
  limit: number
}

/** As many as the daemon lists at once. */
const mostListed = 1000

export function approvalsCommand(invocation: Invocation): Command {
  const { context, client, output } = invocation
  return createCommand('approvals', context)
    .description(
      'List what agents ask you to allow; with -a also what was decided. With an id: all of one question.',
    )
    .argument('[question]', "a question's id, or the name of an agent")
    .option('-a, --all', 'also those that are answered or asked no more')
    .option('--limit <count>', 'with -a: the newest so many', countParser('limit'), 100)
    .action(async (what: string | undefined, options: ApprovalsOptions) => {
      const { json, all: isAll = false, limit } = options
      const now = Date.now()
      if (what !== undefined && isApprovalId(what)) {
        const approval = await client.approvals.show(what)
        return json
          ? output.json(approval)
          : output.lines(formatApprovalDetail(approval, output, now))
      }
      const approvals = await client.approvals.list({
        agent: what,
        ...(isAll ? { limit } : { state: 'open', limit: mostListed }),
      })
      if (json) {
        return output.json(approvals)
      }
      if (approvals.length === 0) {
        const hint = isAll ? 'Nobody asked for anything yet.' : 'Nobody asks for anything.'
        return output.line(output.colors.dim(hint))
      }
      await output.lines(formatApprovalTable(approvals, output, { isAll, now }))
    })
}

/** Told from the name of an agent. */
export function isApprovalId(text: string): boolean {
  return /^apr_[0-9a-z]{22}$/.test(text)
}
