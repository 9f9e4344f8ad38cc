import type { PrunedWorktree, Worktree } from '../schema/reports.ts'
import { agentPath, withDeadline, type CallOptions } from './call-options.ts'
import type { Call, Transport } from './transport.ts'

/** Git may be asked much, ms. */
const gitMs = 300_000

/** Git worktrees of agents: `client.worktrees`. */
export class WorktreeClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(options?: CallOptions): Promise<Worktree[]> {
    return this.#call({ method: 'GET', path: '/v1/worktrees' }, options)
  }

  /** That of an agent. Errors: `invalid_worktree` where it has none. */
  show(agent: string, options?: CallOptions): Promise<Worktree> {
    const path = `${agentPath(agent)}/worktree`
    return this.#call({ method: 'GET', path }, options)
  }

  /** Removes those of agents that are gone, where nothing is lost with them; a dry run says which. */
  prune({ dryRun, ...options }: CallOptions & { dryRun: boolean }): Promise<PrunedWorktree[]> {
    const call = { method: 'POST', path: '/v1/worktrees/prune', body: { dryRun } } as const
    return this.#call(call, options)
  }

  #call<Answer>(
    call: Pick<Call, 'method' | 'path' | 'body'>,
    options?: CallOptions,
  ): Promise<Answer> {
    return this.#transport.request<Answer>({
      ...call,
      ...withDeadline({ deadlineMs: gitMs, ...options }),
    })
  }
}
