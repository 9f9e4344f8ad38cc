import { z } from 'zod'
import { AgentName } from './agent-name.ts'
import { agentOptions, ResumeWish, TagWord, Workspace, WorktreeWish } from './agent-options.ts'
import { AgentSpec } from './agent.ts'
import { ApprovalWish } from './approval.ts'
import { ContainerWish } from './container.ts'
import { Budget, LifecycleWish } from './lifecycle.ts'
import { limits } from './limits.ts'
import { MessageBody, MessageId, MessageMode } from './message.ts'
import { Network } from './network.ts'

/** Whom a message is from that a person sent; so no agent may have this name. */
export const personName = 'user'

/** Seconds that a request may wait for an end, as a query parameter. */
const Wait = z.coerce.number().min(0).max(limits.waitSeconds).optional()

/** Body of `POST /v1/agents`: make an agent and start it, or begin afresh with the agent of a folder. */
export const RunRequest = z.strictObject({
  /** Name of a template or of a provider; left out: the one agent of the folder starts a fresh session. */
  template: z.string().min(1).optional(),
  /** First message. Left out: the agent starts and waits. */
  prompt: MessageBody.optional(),
  /** Left out: made from the template's name and a number. */
  name: AgentName.refine((name) => name !== personName, {
    message: `${personName} is whom messages of people are from`,
    params: { code: 'name_taken' },
  }).optional(),
  runtime: z.string().min(1).optional(),
  /** Absolute folder; left out: the template's, else a folder of the agent's own. */
  dir: z.string().min(1).optional(),
  /** Absolute folder for a template that names none: where the caller is. */
  defaultDir: z.string().min(1).optional(),
  model: AgentSpec.shape.model,
  persona: AgentSpec.shape.persona,
  trigger: AgentSpec.shape.trigger,
  env: AgentSpec.shape.env,
  program: AgentSpec.shape.program,
  options: AgentSpec.shape.options,
  graceMs: AgentSpec.shape.graceMs.unwrap().optional(),
  initialPrompt: AgentSpec.shape.initialPrompt,
  lifecycle: LifecycleWish.prefault({}),
  budget: Budget.default({}),
  /** It lives for its first message: removed when that is done, kept when it fails. Needs a prompt. */
  ephemeral: z.boolean().default(false),
  limits: AgentSpec.shape.limits,
  /** Left out: the template's, else `full`. */
  network: Network.optional(),
  /** Its rules come before the template's. */
  approvals: ApprovalWish.prefault({}),
  /** Words and folders are added to the template's, arguments go after its. */
  ...agentOptions,
  bare: z.boolean().optional(),
  /** The machine's own supervisor is to bring it up and keep it up. */
  alwaysOn: z.boolean().optional(),
  /** The container it is to have or to be in; its fields come before the template's. */
  container: ContainerWish.optional(),
  /** `inherit`, and left out: as the template says, else `shared`. */
  workspace: z.enum(['inherit', ...Workspace.options]).optional(),
  /** The branch of its worktree; it is `isolated` then. */
  worktree: WorktreeWish.optional(),
  resume: ResumeWish.optional(),
  /** The same id twice answers with the first agent. */
  requestId: MessageId.optional(),
})
export type RunRequest = z.infer<typeof RunRequest>
/** What a client may send: fields with defaults are optional. */
export type RunRequestInput = z.input<typeof RunRequest>

/** Body of `POST /v1/agents/{name}/messages`. */
export const SendRequest = z.strictObject({
  body: MessageBody,
  /** Idempotency key; left out: Drover makes one. */
  id: MessageId.optional(),
  /** Left out: the agent whose token it comes with, else `user`. An agent may give no name but its own. */
  from: AgentName.optional(),
  /** What to do while the agent is busy. Where its program can't, the message queues, and its receipt says so. */
  mode: MessageMode.default('queue'),
})
export type SendRequest = z.infer<typeof SendRequest>
export type SendRequestInput = z.input<typeof SendRequest>

export const AgentParams = z.object({ name: z.string() })
export const MessageParams = z.object({ id: z.string() })
export const WaitQuery = z.object({ wait: Wait })
/** How a wake begins: `resume` goes on with the session or is an error, `fresh` begins a new one. */
export const WakeRequest = z.strictObject({
  mode: z.enum(['resume', 'fresh']).optional(),
  /** Where it runs from now on; it may have no run then. Left out: where it ran. */
  runtime: z.string().min(1).optional(),
})
export type WakeRequest = z.infer<typeof WakeRequest>
/** How far an agent falls asleep. */
export const SleepRequest = z.strictObject({
  /** Its run ends, though it could be suspended. */
  full: z.boolean().default(false),
})
export type SleepRequest = z.infer<typeof SleepRequest>
export const StartRequest = WakeRequest.pick({ runtime: true })
export type StartRequest = z.infer<typeof StartRequest>
/** What of an agent changes, while it lives where its program can; null takes it away. */
export const ReloadRequest = z
  .strictObject({
    model: AgentSpec.shape.model.nullable(),
    persona: AgentSpec.shape.persona.nullable(),
    trigger: AgentSpec.shape.trigger.nullable(),
    /** Options of its provider, those that change; null takes one away. */
    options: z.record(z.string(), z.unknown()).optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), {
    message: 'names nothing to change: model, persona, trigger or options',
  })
export type ReloadRequest = z.infer<typeof ReloadRequest>
export const AttachQuery = z.object({
  /** Only events after this number; left out: from now on. */
  since: z.coerce.number().int().min(0).optional(),
})
/** `stats`: also what boxes use now, which takes up to a second. */
export const StatsQuery = z.object({ stats: z.stringbool().default(false) })
/** Each that is given must hold. */
export const ListQuery = z.object({
  all: z.stringbool().default(false),
  ...StatsQuery.shape,
  tag: TagWord.optional(),
  capability: TagWord.optional(),
  /** The whole label. */
  label: agentOptions.label,
})
export type ListQuery = z.infer<typeof ListQuery>
export const RemoveQuery = z.object({ force: z.stringbool().default(false), wait: Wait })
export const EventsQuery = z.object({
  /** Only events after this number. */
  since: z.coerce.number().int().min(0).optional(),
  agent: z.string().optional(),
  /** `true` keeps the stream open. */
  follow: z.stringbool().default(true),
})
export const LogsQuery = z.object({
  /** `text`: for people, cleaned of terminal codes. `json`: one LogEntry a line. `raw`: the bytes as recorded. */
  format: z.enum(['text', 'json', 'raw']).default('text'),
  follow: z.stringbool().default(false),
  /** Only the last lines. */
  lines: z.coerce.number().int().min(0).max(1_000_000).optional(),
  /** Only what came after this event. */
  since: z.coerce.number().int().min(0).optional(),
})
export type LogsQuery = z.infer<typeof LogsQuery>
