import { z } from 'zod'
import { AgentLimits } from './agent-limits.ts'
import { AgentName } from './agent-name.ts'
import { ApprovalPolicy } from './approval.ts'
import { Box } from './box.ts'
import { agentOptions, Workspace } from './agent-options.ts'
import { Container } from './container.ts'
import { Environment } from './environment.ts'
import { Budget, Lifecycle } from './lifecycle.ts'
import { Guest } from './guest.ts'
import { limits } from './limits.ts'
import { Network } from './network.ts'

const noNul = (text: string): boolean => !text.includes('\0')
const Text = z.string().refine(noNul, 'contains NUL')

/** The git worktree of an agent's own. */
export const SpecWorktree = z.strictObject({
  /** The folder it was asked for in, absolute: below the repository's own files, or their top. */
  source: z.string().min(1),
  /** Top of the repository's own files. */
  repository: z.string().min(1),
  /** Top of the worktree. */
  folder: z.string().min(1),
  branch: z.string().min(1),
  /** Commit that the branch began with. */
  base: z.string().min(1),
})
export type SpecWorktree = z.infer<typeof SpecWorktree>

/** What an agent runs, where, and for whom. Everything but `dir` can come from a template. */
export const AgentSpec = z.strictObject({
  /** WHAT runs: the adapter's name. */
  provider: z.string().min(1),
  /** WHERE it runs: the isolation backend's name. */
  runtime: z.string().min(1),
  /** The folder it works in, absolute, real. */
  dir: z.string().min(1),
  /** Model name as the provider knows it; absent means the provider's default. */
  model: Text.min(1).max(200).optional(),
  /** Who it is: appended to the provider's system prompt. */
  persona: Text.max(limits.messageBytes).optional(),
  /** Word that a message must hold for the agent to answer; absent means it answers every message. */
  trigger: Text.min(1).max(200).optional(),
  /** Caller's environment, on top of the allowed host variables, config and template. */
  env: Environment.default({}),
  /** argv of the `command` provider. */
  program: z.array(Text).max(limits.programArguments).default([]),
  /** Provider's own options, validated by the provider. */
  options: z.record(z.string(), z.unknown()).default({}),
  /** How long a stopping program may take before it is killed, ms. */
  graceMs: z.number().int().min(0).max(600_000).default(10_000),
  /** Given to each fresh session before its first message; never to a resumed one. */
  initialPrompt: Text.min(1).max(limits.messageBytes).optional(),
  lifecycle: Lifecycle.prefault({}),
  budget: Budget.default({}),
  /** What its runs may use at most. */
  limits: AgentLimits.default({}),
  network: Network.default('full'),
  /** How the questions of its program are answered. */
  approvals: ApprovalPolicy.prefault({}),
  ...agentOptions,
  /** It is told nothing but its own persona and text. */
  bare: z.boolean().default(false),
  /** The machine's own supervisor brings its program up, and up again; Drover only talks to it. */
  alwaysOn: z.boolean().default(false),
  /** The container it has or is in, for a runtime that has containers. */
  container: Container.optional(),
  workspace: Workspace.default('shared'),
  /** Where `workspace` is `isolated`; `dir` is then inside of `folder`. */
  worktree: SpecWorktree.optional(),
})
export type AgentSpec = z.infer<typeof AgentSpec>

/** Derived from rows, never scraped from a screen; the words are in docs/concepts.md. */
export const AgentStatus = z.enum([
  'asleep',
  'waking',
  'idle',
  'working',
  'waiting',
  'parked',
  'stopping',
  'stopped',
  'failed',
  'unknown',
])
export type AgentStatus = z.infer<typeof AgentStatus>

/** What keeps an agent that should come up from coming up now. */
export const Waiting = z.object({
  /** `parked`, `backoff`, `admission`, `queue` or `supervised`. */
  gate: z.string(),
  cause: z.string(),
  /** Until when, Unix ms; null where nobody can know. */
  until: z.number().int().nullable(),
})
export type Waiting = z.infer<typeof Waiting>

/** Tokens and money; null is "unmeasured", never zero. */
export const Cost = z.object({
  /** US dollars. */
  usd: z.number().nullable(),
  /** All of it, with what came from a cache. */
  inputTokens: z.number().int().nullable(),
  /** All of it, with what was thought. */
  outputTokens: z.number().int().nullable(),
  /** Part of `inputTokens`. */
  cachedInputTokens: z.number().int().nullable().optional(),
  /** Part of `outputTokens`. */
  reasoningTokens: z.number().int().nullable().optional(),
})
export type Cost = z.infer<typeof Cost>

/** What an agent cost over its life. */
export const AgentCost = Cost.extend({
  /** Part of `usd` that was made from tokens and a table of prices. */
  estimatedUsd: z.number().optional(),
  /** Turns whose money, and whose tokens, are unmeasured: they are in no sum. */
  turnsWithoutUsd: z.number().int().optional(),
  turnsWithoutTokens: z.number().int().optional(),
})
export type AgentCost = z.infer<typeof AgentCost>

/** How the latest run ended, for people who wonder why an agent sleeps. */
export const LastRun = z.object({
  id: z.string(),
  status: z.string(),
  exitCode: z.number().int().nullable(),
  cause: z.string().nullable(),
  endedAt: z.number().int().nullable(),
})
export type LastRun = z.infer<typeof LastRun>

/** An agent as the API shows it. Times are Unix milliseconds. */
export const Agent = z.object({
  id: z.string(),
  name: AgentName,
  status: AgentStatus,
  /** Why it is in that status, one line, where there is more to say than the word. */
  cause: z.string().nullable(),
  provider: z.string(),
  runtime: z.string(),
  host: z.string(),
  /** The live run's id; null when it has none. */
  run: z.string().nullable(),
  /** Its run is suspended: it is asleep, and its program goes on where it was. */
  isSuspended: z.boolean().optional(),
  /** The live run's process id, where the runtime has one. */
  pid: z.number().int().nullable(),
  /** The provider's conversation id, which a later run resumes. */
  session: z.string().nullable(),
  model: z.string().nullable(),
  dir: z.string(),
  template: z.string().nullable(),
  /** What it is, for people. */
  label: z.string().nullable(),
  /** Words by which a person finds it. */
  tags: z.array(z.string()),
  /** Words by which other agents find it. */
  capabilities: z.array(z.string()),
  /** Id of the automation that asked for it. */
  automationId: z.string().nullable(),
  /** Messages stored and not yet in the program's input. */
  queued: z.number().int(),
  /** Turns taken over its life. */
  turns: z.number().int(),
  cost: AgentCost,
  lastRun: LastRun.nullable(),
  /** Set while it should come up and can't yet. */
  waiting: Waiting.nullable(),
  /** Lives for one task; removed when that is done. */
  isEphemeral: z.boolean(),
  /** Questions of it that nobody answered yet. */
  questions: z.number().int(),
  /** People who are with it now, by `drover attach`. */
  attached: z.number().int(),
  /** The box it has or is in, null where it has none; only where `stats` was asked for, and left out where nobody listed has one. */
  box: Box.nullable().optional(),
  createdAt: z.number().int(),
  /** Last message in or output out. */
  activeAt: z.number().int(),
})
export type Agent = z.infer<typeof Agent>

/** What an agent is told of the agents around it. */
export const Peer = Agent.pick({
  name: true,
  status: true,
  provider: true,
  template: true,
  label: true,
  capabilities: true,
})
export type Peer = z.infer<typeof Peer>

/** One agent with its spec. Environment values are shown as given: the home is private to its owner. */
export const AgentDetail = Agent.extend({
  spec: AgentSpec,
  /** Terminals beside it, the oldest first; left out by a daemon from before there were these. */
  guests: z.array(Guest).optional(),
})
export type AgentDetail = z.infer<typeof AgentDetail>
