import type { Approval, ApprovalDecisionInput, ApprovalState } from '../schema/approval.ts'
import { withDeadline, type CallOptions } from './call-options.ts'
import type { Call, Transport } from './transport.ts'

/** Which questions are listed; left out: any. */
export interface ApprovalsOptions extends CallOptions {
  state?: ApprovalState | undefined
  /** Name of an agent. */
  agent?: string | undefined
  /** 1 to 1000, else 100. */
  limit?: number | undefined
}

/** Questions that programs ask a person: `client.approvals`. */
export class ApprovalClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** The newest, oldest first. */
  list({ state, agent, limit, ...options }: ApprovalsOptions = {}): Promise<Approval[]> {
    const query = { state, agent, limit }
    return this.#call({ method: 'GET', path: '/v1/approvals', query }, options)
  }

  show(id: string, options?: CallOptions): Promise<Approval> {
    return this.#call({ method: 'GET', path: approvalPath(id) }, options)
  }

  /** Lets the agent do it. The same answer again changes nothing; another is `conflict`. */
  approve(id: string, decision?: ApprovalDecisionInput, options?: CallOptions): Promise<Approval> {
    return this.decide(id, { ...decision, verb: 'approve' }, options)
  }

  /** Does not let it. The same answer again changes nothing; another is `conflict`. */
  deny(id: string, decision?: ApprovalDecisionInput, options?: CallOptions): Promise<Approval> {
    return this.decide(id, { ...decision, verb: 'deny' }, options)
  }

  decide(
    id: string,
    { verb, ...body }: ApprovalDecisionInput & { verb: 'approve' | 'deny' },
    options?: CallOptions,
  ): Promise<Approval> {
    return this.#call({ method: 'POST', path: `${approvalPath(id)}/${verb}`, body }, options)
  }

  #call<Answer>(
    call: Pick<Call, 'method' | 'path' | 'query' | 'body'>,
    options?: CallOptions,
  ): Promise<Answer> {
    return this.#transport.request<Answer>({ ...call, ...withDeadline(options) })
  }
}

function approvalPath(id: string): string {
  return `/v1/approvals/${encodeURIComponent(id)}`
}
