import { z } from 'zod'
import { Agent } from './agent.ts'

/** What was found of runs: of how many, and what was done with them. */
const foundRuns = {
  /** They live, and are looked after. */
  adopted: z.number().int(),
  /** They had ended, which is on record now. */
  finished: z.number().int(),
  /** Programs of this home went on for them though nobody looked after them; they were ended. */
  orphans: z.number().int(),
  /** Their runtime could not be asked: nothing of them was touched. */
  unknown: z.number().int(),
}

/** Answer of `GET /v1/status` and of `drover status --json`. */
export const DaemonStatus = z.object({
  pid: z.number().int(),
  version: z.string(),
  /** Unix socket path. */
  socket: z.string(),
  /** Loopback address, with port. */
  url: z.string(),
  home: z.string(),
  /** Identity of this home; every process we start carries it. */
  instance: z.string(),
  host: z.string(),
  node: z.string(),
  startedAt: z.number().int(),
  agents: z.object({ total: z.number().int(), live: z.number().int() }),
  /** Number of the newest event: where to begin to see only what comes. */
  lastSeq: z.number().int(),
  /** Agents whose run of before the last start is not taken up yet; 0 once the daemon is ready. */
  recovering: z.number().int().optional(),
  /** What the last start found, so far. */
  recovered: z.object(foundRuns),
})
export type DaemonStatus = z.infer<typeof DaemonStatus>

const KeptBox = z.object({
  runtime: z.string(),
  /** Its name; the id of one that is no more. */
  agent: z.string(),
  what: z.string(),
})
/** Answer of `POST /v1/reconcile`. */
export const ReconcileReport = z.object({
  ...foundRuns,
  /** The orphans: what was found of which run. */
  found: z.array(z.object({ runtime: z.string(), run: z.string(), what: z.string() })),
  /** Containers that agents have, whether or not they run; left out: none. */
  kept: z.array(KeptBox).optional(),
  /** Containers that were an agent's that is no more: they were removed; left out: none. */
  released: z.array(KeptBox).optional(),
})
export type ReconcileReport = z.infer<typeof ReconcileReport>

/** Whether one provider or runtime can be used here; if not, why and what to do. */
export const Usability = z.object({
  name: z.string(),
  kind: z.enum(['provider', 'runtime', 'model', 'system']),
  usable: z.boolean(),
  /** Version, path or other finding. */
  detail: z.string(),
  /** What to do, when it is not usable or could be better. */
  hint: z.string().nullable(),
  /** Of a provider's program, where it says. */
  version: z.string().nullable().optional(),
  /** Whether a provider's program has what it needs to ask a model. */
  login: z.enum(['yes', 'no', 'unknown']).optional(),
  /** Usable, and yet: a version that nobody tried, for one. */
  warning: z.string().nullable().optional(),
})
export type Usability = z.infer<typeof Usability>

/** Answer of `GET /v1/providers` and `/v1/runtimes`, and of `drover doctor --json`. */
export const DoctorReport = z.object({ version: z.string(), checks: z.array(Usability) })
export type DoctorReport = z.infer<typeof DoctorReport>

/** Answer of a verb on an agent. */
export const Accepted = z.object({ ok: z.literal(true) })

/** What became of the worktree of an agent that is gone. */
export const RetiredWorktree = z.object({
  folder: z.string(),
  branch: z.string(),
  /** null: that is not decided yet. */
  isRemoved: z.boolean().nullable(),
  /** Why it was kept, or could go. */
  cause: z.string().nullable(),
})
export type RetiredWorktree = z.infer<typeof RetiredWorktree>

/** A git worktree that Drover made for an agent. */
export const Worktree = z.object({
  /** Name of its agent, also of one that is gone. */
  agent: z.string(),
  /** Whether that is there. */
  hasAgent: z.boolean(),
  repository: z.string(),
  folder: z.string(),
  branch: z.string(),
  /** Commit that the branch began with. */
  base: z.string(),
  /** `in-use`, `unknown`, `dirty`, `unpushed`, `unmade`, `gone` or `clean`. */
  standing: z.string(),
  /** The same in words. */
  cause: z.string(),
  /** Files that are in no commit; null: nobody can tell, or nothing ran in it yet. */
  uncommitted: z.number().int().nullable(),
  /** Commits that are on no remote, no other branch and no tag. */
  unpushed: z.number().int().nullable(),
  createdAt: z.number().int(),
})
export type Worktree = z.infer<typeof Worktree>

/** A worktree of an agent that is gone, and what was done with it; in a dry run, what would be. */
export const PrunedWorktree = Worktree.extend({ isRemoved: z.boolean() })
export type PrunedWorktree = z.infer<typeof PrunedWorktree>

/** Answer of a removal: the schedules that went with the agent, by name, and what became of its worktree. */
export const Removed = Accepted.extend({
  schedules: z.array(z.string()),
  worktree: RetiredWorktree.nullable(),
})
export type Removed = z.infer<typeof Removed>

/** One thing that `drover runner check` looked at. */
export interface RunnerFinding {
  check: string
  /** `note`: it works, and there is more to know. */
  verdict: 'right' | 'wrong' | 'note'
  detail: string
  /** How to mend it, where there is a way to tell. */
  hint: string | null
}

/** Answer of `drover runner check --json`. */
export interface RunnerReport {
  program: readonly string[]
  isRight: boolean
  findings: readonly RunnerFinding[]
}

/** What `drover runner check` is told. */
export interface RunnerCheckRequest {
  program: readonly string[]
  /** Folder it runs in, absolute. */
  dir: string
  /** Environment of the caller; the program gets of it what an agent would. */
  host: Readonly<Record<string, string | undefined>>
  /** Environment of the program's own. */
  env: Readonly<Record<string, string>>
  /** What it is asked. */
  prompt: string
  /** Longest wait for `ready`, and for the end of a turn. */
  deadlineMs: number
  signal: AbortSignal
  /** What is being tried from now on. */
  say(text: string): void
  report(finding: RunnerFinding): void
}
/** What an agent is told of itself and its place. */
export const PromptReport = z.object({
  /** What its next run is told; null: nothing. */
  text: z.string().nullable(),
  /** What that is made of, in its order. */
  layers: z.array(
    z.object({ name: z.string(), source: z.string().nullable(), bytes: z.number().int() }),
  ),
  isLive: z.boolean(),
  /** What its present run was told; null: nothing, or it has none. */
  running: z.string().nullable(),
})
export type PromptReport = z.infer<typeof PromptReport>

/** What an interrupt did: the turn was told to end, or there was none. */
export const Interrupted = z.object({ did: z.enum(['interrupted', 'nothing']), agent: Agent })
export type Interrupted = z.infer<typeof Interrupted>

/** When a change counts: in the program that runs, once its turn is over (it is brought up anew), or with its next run. */
export const Reloaded = z.object({ when: z.enum(['now', 'next-turn', 'next-run']), agent: Agent })
export type Reloaded = z.infer<typeof Reloaded>
