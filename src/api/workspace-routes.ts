import { reportPrompt, type Daemon } from '../daemon/index.ts'
import { PromptReport } from '../schema/reports.ts'
import { AgentParams } from '../schema/requests.ts'
import { answerJson } from './answer.ts'
import { defineRoute, mount, type ApiApp } from './route.ts'

/** The routes of what an agent is told and where it works, as data. */
export const workspaceRoutes = {
  getPrompt: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/prompt',
    access: 'agent-self',
    summary: 'What an agent is told of itself and its place, and what that is made of.',
    params: AgentParams,
    response: { status: 200, description: 'The prompt', schema: PromptReport },
  }),
} as const

export function mountWorkspaceRoutes(app: ApiApp, { context }: Daemon): void {
  mount(app, workspaceRoutes.getPrompt, async ({ params, c }) =>
    answerJson(c, await reportPrompt(context, params.name)),
  )
}
