import type { Command } from 'commander'
import type { Client } from '../client/index.ts'
import { DroverError } from '../schema/error.ts'
import { isApprovalId } from './approvals.ts'
import { formatApprovalLine } from './format-approval.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { oneLine } from './plain-text.ts'

interface DecisionOptions extends CommonOptions {
  session?: boolean
  message?: string
}

/** `drover approve` and `drover deny`. */
export function decisionCommand(
  { context, client, output }: Invocation,
  verb: 'approve' | 'deny',
  description: string,
): Command {
  const again = verb === 'approve' ? 'allow' : 'deny'
  return createCommand(verb, context)
    .description(description)
    .argument('<question>', "the question's id, or the name of an agent that has one open question")
    .option('--session', `${again} the same for the rest of its session, where its program can`)
    .option('-m, --message <text>', 'tell the agent why, or what to do instead')
    .action(async (what: string, { json, session, message }: DecisionOptions) => {
      const id = isApprovalId(what) ? what : await findOnly(client, what)
      const approval = await client.approvals.decide(id, {
        verb,
        ...(session ? { forSession: true } : {}),
        ...(message === undefined ? {} : { message }),
      })
      await (json
        ? output.json(approval)
        : output.line(formatApprovalLine(approval, output.colors)))
    })
}

/** The one open question of an agent. Errors: `approval_not_found`; `usage` where it has several. */
async function findOnly(client: Client, agent: string): Promise<string> {
  const open = await client.approvals.list({ agent, state: 'open' })
  const [first, ...others] = open
  if (!first) {
    throw new DroverError('approval_not_found', `${agent} has no open question.`, {
      details: { agent },
    })
  }
  if (others.length > 0) {
    const each = open.map(({ id, title }) => `${id} (${oneLine(title)})`)
    throw new DroverError(
      'usage',
      `${agent} has ${open.length} open questions; say which: ${each.join(', ')}.`,
      { details: { agent, approvals: open.map(({ id }) => id) } },
    )
  }
  return first.id
}
