import { z } from 'zod'
import {
  listWorktrees,
  pruneWorktrees,
  reportPrompt,
  showWorktree,
  type Daemon,
} from '../daemon/index.ts'
import { PromptReport, PrunedWorktree, Worktree } from '../schema/reports.ts'
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
  getWorktree: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/worktree',
    access: 'agent-self',
    summary: "An agent's own git worktree: what in it is in no commit, and not pushed.",
    params: AgentParams,
    response: { status: 200, description: 'The worktree', schema: Worktree },
  }),
  listWorktrees: defineRoute({
    method: 'get',
    path: '/v1/worktrees',
    summary: 'Git worktrees of agents, also of those that are gone.',
    response: {
      status: 200,
      description: 'Worktrees, the oldest first',
      schema: z.array(Worktree),
    },
  }),
  pruneWorktrees: defineRoute({
    method: 'post',
    path: '/v1/worktrees/prune',
    summary: 'Remove worktrees of agents that are gone, where nothing is lost with them.',
    body: z.strictObject({ dryRun: z.boolean().default(false) }),
    response: {
      status: 200,
      description: 'What was done with each; in a dry run, what would be',
      schema: z.array(PrunedWorktree),
    },
  }),
} as const

export function mountWorkspaceRoutes(app: ApiApp, { context }: Daemon): void {
  mount(app, workspaceRoutes.getPrompt, async ({ params, c }) =>
    answerJson(c, await reportPrompt(context, params.name)),
  )
  mount(app, workspaceRoutes.getWorktree, async ({ params, c }) =>
    answerJson(c, await showWorktree(context, params.name)),
  )
  mount(app, workspaceRoutes.listWorktrees, async ({ c }) =>
    answerJson(c, await listWorktrees(context)),
  )
  mount(app, workspaceRoutes.pruneWorktrees, async ({ body, c }) =>
    answerJson(c, await pruneWorktrees(context, body.dryRun)),
  )
}
