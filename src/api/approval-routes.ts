import { z } from 'zod'
import type { Daemon } from '../daemon/index.ts'
import { Approval, ApprovalDecision, ApprovalParams, ApprovalsQuery } from '../schema/approval.ts'
import { personName } from '../schema/requests.ts'
import { forbidden, type Caller } from './access.ts'
import { answerJson } from './answer.ts'
import { defineRoute, mount, type ApiApp } from './route.ts'

const approval = { status: 200, description: 'The question', schema: Approval } as const

/** The routes of questions that programs ask a person, as data. */
export const approvalRoutes = {
  listApprovals: defineRoute({
    method: 'get',
    path: '/v1/approvals',
    access: 'agent',
    summary:
      'The newest questions of agents, oldest first: what they want, and what became of it. An agent is told of its own.',
    query: ApprovalsQuery,
    response: { status: 200, description: 'Questions', schema: z.array(Approval) },
  }),
  getApproval: defineRoute({
    method: 'get',
    path: '/v1/approvals/{id}',
    access: 'agent',
    summary: 'One question. An agent is told of its own.',
    params: ApprovalParams,
    response: approval,
  }),
  approve: defineRoute({
    method: 'post',
    path: '/v1/approvals/{id}/approve',
    summary: 'Let the agent do what it asks for; on disk when this answers.',
    params: ApprovalParams,
    body: ApprovalDecision,
    response: approval,
  }),
  deny: defineRoute({
    method: 'post',
    path: '/v1/approvals/{id}/deny',
    summary: 'Do not let it; on disk when this answers.',
    params: ApprovalParams,
    body: ApprovalDecision,
    response: approval,
  }),
} as const

export function mountApprovalRoutes(app: ApiApp, { approvals }: Daemon): void {
  mount(app, approvalRoutes.listApprovals, ({ query, c }) => {
    const own = ownFilter(c.var.caller, query.agent)
    return answerJson(c, approvals.list({ ...query, ...own }))
  })
  mount(app, approvalRoutes.getApproval, ({ params, c }) =>
    answerJson(c, approvals.show(params.id, ownFilter(c.var.caller))),
  )
  for (const [verb, isAllowed] of [
    ['approve', true],
    ['deny', false],
  ] as const) {
    mount(app, approvalRoutes[verb], ({ params, body, c }) =>
      answerJson(c, approvals.decide(params.id, { ...body, isAllowed, by: personName })),
    )
  }
}

/** An agent asks of itself alone: not of others, and not of who had its name before. Errors: `forbidden`. */
function ownFilter(caller: Caller, agent?: string): { agentId?: string } {
  if (caller.kind !== 'agent') {
    return {}
  }
  if (agent !== undefined && agent !== caller.name) {
    throw forbidden('agent', `${caller.name} may ask of itself only, not of ${agent}`)
  }
  return { agentId: caller.id }
}
