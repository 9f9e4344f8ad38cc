import { z } from 'zod'
import { AgentName } from './agent-name.ts'
import { approvalDefaults as defaults } from './approval-defaults.ts'

const noNul = (text: string): boolean => !text.includes('\0')

/** What becomes of an agent's question: a person is asked, or it is answered at once. */
export const ApprovalMode = z.enum(['ask', 'allow', 'deny'])
export type ApprovalMode = z.infer<typeof ApprovalMode>

/** One rule of an agent's policy; it holds where all that it says does. */
export const ApprovalRule = z.strictObject({
  /** Name of the tool; `*` stands for any text, `?` for one character. */
  tool: z.string().min(1, 'is empty').max(200).refine(noNul, 'contains NUL'),
  /** Pattern over the text of the tool's input, with the same signs. */
  input: z.string().max(2000).refine(noNul, 'contains NUL').optional(),
  /** Folder in which every path of the input must lie; not absolute: below the agent's own. */
  dir: z.string().min(1, 'is empty').max(1000).refine(noNul, 'contains NUL').optional(),
  /** What the rule says. */
  mode: ApprovalMode,
})
export type ApprovalRule = z.infer<typeof ApprovalRule>

const Rules = z.array(ApprovalRule).max(200, 'has more than 200 rules')

const TimeoutMs = z
  .number()
  .int('is no whole number of milliseconds')
  .min(0, 'is less than 0')
  .max(30 * 86_400_000, 'is longer than 30 days')

/** How the questions of an agent's program are answered. */
export const ApprovalPolicy = z.strictObject({
  /** Where no rule holds. */
  mode: ApprovalMode.default(defaults.mode),
  /** The first that holds is followed. */
  rules: Rules.default([]),
  /** A question that nobody answers for this long is denied, ms; 0: it waits for ever. */
  timeoutMs: TimeoutMs.default(defaults.timeoutMs),
})
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>

/** What a template or a request says of it; the rest is default. */
export const ApprovalWish = z.strictObject({
  mode: ApprovalMode.optional(),
  rules: Rules.optional(),
  timeoutMs: TimeoutMs.optional(),
})
export type ApprovalWish = z.infer<typeof ApprovalWish>

/** How much harm a call can do, by a rule of thumb. */
export const Risk = z.enum(['low', 'medium', 'high'])
export type Risk = z.infer<typeof Risk>

/** `open`, then exactly one of the others: answered, asked no more, or nobody answered in time. */
export const ApprovalState = z.enum(['open', 'allowed', 'denied', 'withdrawn', 'expired'])
export type ApprovalState = z.infer<typeof ApprovalState>

/** An agent's question whether it may use a tool, and what became of it. Times are Unix milliseconds. */
export const Approval = z.object({
  id: z.string(),
  /** The agent's name. */
  agent: z.string(),
  run: z.string(),
  tool: z.string(),
  input: z.unknown(),
  /** What it wants, in a line. */
  title: z.string(),
  /** Why, where its program says so. */
  reason: z.string().nullable(),
  risk: Risk,
  state: ApprovalState,
  /** Denied then, if nobody answers before; null: it waits for ever. */
  dueAt: z.number().int().nullable(),
  /** Who decided: `user`, `policy`, or `drover` for what nobody answered. */
  by: z.string().nullable(),
  /** Why it came to this: the rule, the deadline, what withdrew it. */
  cause: z.string().nullable(),
  /** What the agent was told with the answer. */
  message: z.string().nullable(),
  /** Also for the same from then on, as far as the program remembers that in its session. */
  isForSession: z.boolean(),
  /** The message that took the answer to the agent, as the run that had asked was over. */
  messageId: z.string().nullable(),
  askedAt: z.number().int(),
  decidedAt: z.number().int().nullable(),
})
export type Approval = z.infer<typeof Approval>

/** Body of `POST /v1/approvals/{id}/approve` and `/deny`. */
export const ApprovalDecision = z.strictObject({
  /** For the agent: why not, or what to do instead. */
  message: z
    .string()
    .min(1, 'is empty')
    .max(10_000)
    .refine(noNul, 'contains NUL')
    .refine((text) => text.isWellFormed(), 'is not valid Unicode (a lone surrogate)')
    .optional(),
  /** Also for the same from now on, as far as the program remembers that in its session. */
  forSession: z.boolean().default(false),
})
export type ApprovalDecision = z.infer<typeof ApprovalDecision>
export type ApprovalDecisionInput = z.input<typeof ApprovalDecision>

export const ApprovalParams = z.object({ id: z.string() })
export const ApprovalsQuery = z.object({
  state: ApprovalState.optional(),
  /** Name of an agent. */
  agent: AgentName.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})
export type ApprovalsQuery = z.infer<typeof ApprovalsQuery>
