import { z } from 'zod'
import { limits } from './limits.ts'

const noNul = (text: string): boolean => !text.includes('\0')
const Text = z.string().refine(noNul, 'contains NUL')
const Line = Text.min(1)
  .max(200)
  .refine((text) => !/[\r\n]/.test(text), 'is more than one line')

/** A word that agents are found by: letters and digits, and `.`, `_`, `:`, `/`, `=`, `-` between them. */
export const TagWord = z
  .string()
  .regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N}._:/=-]{0,62}[\p{L}\p{N}])?$/u,
    'is no word of 1 to 64 letters, digits, ".", "_", ":", "/", "=" or "-"',
  )
const Words = z.array(TagWord).max(limits.words)

/** What an agent is told of itself, is found by, and is given beside its model; a provider honours what it can. */
export const agentOptions = {
  /** What it is, for people: one line. */
  label: Line.optional(),
  /** Words by which a person finds it. */
  tags: Words.default([]),
  /** Words of its own, by which other agents find it. */
  capabilities: Words.default([]),
  /** Id of the automation that asked for it, as that knows it. */
  automationId: Line.optional(),
  /** How hard it thinks, in the provider's own word. */
  effort: Text.regex(/^[a-z]{1,20}$/, 'is no word of small letters').optional(),
  /** A profile that its program keeps by that name. */
  profile: Line.optional(),
  /** A policy of config for its approvals, by name. */
  policy: Line.optional(),
  /** Folders that it may work in beside its own, absolute. */
  addDirs: z.array(Text.min(1)).max(limits.addDirs).default([]),
  /** The last thing that its system prompt says. */
  promptAppend: Text.min(1).max(limits.messageBytes).optional(),
  /** Arguments for its program, after those that Drover gives. */
  args: z.array(Text).max(limits.programArguments).default([]),
} as const

/** A branch of git, as `git check-ref-format --branch` takes it, and no option. */
export const BranchName = z.string().min(1).max(200).refine(isBranchName, 'is no name of a branch')

/** `shared`: it works in its folder beside whoever else does. `isolated`: in a git worktree of its own. */
export const Workspace = z.enum(['shared', 'isolated'])
export type Workspace = z.infer<typeof Workspace>

/** Left out: a branch named after the agent. */
export const WorktreeWish = z.strictObject({ branch: BranchName.optional() })
export type WorktreeWish = z.infer<typeof WorktreeWish>

/** What a new agent begins with: a session of its own, or one that its program has. */
export const ResumeWish = z
  .strictObject({
    /** `continue`: the latest one of the folder. `resume`: the one of `session`. */
    mode: z.enum(['new', 'continue', 'resume']),
    session: Line.optional(),
  })
  .refine(({ mode, session }) => (mode === 'resume') === (session !== undefined), {
    path: ['session'],
    message: 'goes with mode "resume", and mode "resume" with it',
  })
export type ResumeWish = z.infer<typeof ResumeWish>

/** Source: git-check-ref-format(1). */
function isBranchName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- what git refuses
  const isRefused = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|[/.]$/.test(name)
  const parts = name.split('/')
  return (
    !isRefused &&
    name !== '@' &&
    name !== 'HEAD' &&
    parts.every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
  )
}
