import { z } from 'zod'
import { WrittenLimits } from './agent-limits.ts'
import { AgentName } from './agent-name.ts'
import { agentOptions, Workspace, WorktreeWish } from './agent-options.ts'
import { AgentSpec } from './agent.ts'
import { ApprovalWish } from './approval.ts'
import { ContainerWish } from './container.ts'
import { LifecycleWish } from './lifecycle.ts'
import { Network } from './network.ts'

/** A reusable spec from which agents are made: a YAML file, or built in. */
export const Template = z.strictObject({
  /** Name it is asked for by. In a file, the file's name when left out. */
  name: AgentName,
  /** One line for `drover template ls`. */
  description: z.string().max(200).default(''),
  provider: AgentSpec.shape.provider,
  runtime: AgentSpec.shape.runtime.optional(),
  dir: AgentSpec.shape.dir.optional(),
  model: AgentSpec.shape.model,
  persona: AgentSpec.shape.persona,
  trigger: AgentSpec.shape.trigger,
  env: AgentSpec.shape.env,
  program: AgentSpec.shape.program,
  options: AgentSpec.shape.options,
  graceMs: AgentSpec.shape.graceMs.optional(),
  initialPrompt: AgentSpec.shape.initialPrompt,
  lifecycle: LifecycleWish.prefault({}),
  budget: AgentSpec.shape.budget,
  limits: WrittenLimits.default({}),
  network: Network.optional(),
  approvals: ApprovalWish.prefault({}),
  ...agentOptions,
  bare: z.boolean().optional(),
  alwaysOn: z.boolean().optional(),
  container: ContainerWish.optional(),
  workspace: Workspace.optional(),
  worktree: WorktreeWish.optional(),
})
export type Template = z.infer<typeof Template>

/** A template in a list: where it comes from, and what is wrong with it if it can't be used. */
export const TemplateSummary = z.object({
  name: z.string(),
  description: z.string(),
  provider: z.string().nullable(),
  source: z.enum(['built-in', 'file', 'provider']),
  path: z.string().nullable(),
  problem: z.string().nullable(),
})
export type TemplateSummary = z.infer<typeof TemplateSummary>
