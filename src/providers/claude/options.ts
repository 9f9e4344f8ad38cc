import { z } from 'zod'
import { takenFlag } from './taken-flags.ts'

const Text = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), 'contains NUL')
const AbsolutePath = Text.refine((place) => place.startsWith('/'), 'must be an absolute path')
/** What stands beside a flag must not be taken for one. */
const Value = Text.refine((text) => !text.startsWith('-'), "can't begin with -")

/** As `--permission-mode` has them; `default` is what it calls `manual`. */
export const permissionModes = [
  'default',
  'manual',
  'acceptEdits',
  'plan',
  'auto',
  'dontAsk',
  'bypassPermissions',
] as const

/** Options of the `claude` provider; each is a flag of Claude Code. */
export const ClaudeOptions = z.strictObject({
  permissionMode: z.enum(permissionModes).optional(),
  /** Most model calls of one turn. */
  maxTurns: z.number().int().positive().optional(),
  /** How hard it thinks. */
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional(),
  /** Models to take while the chosen one is busy, the first first. */
  fallbackModel: z.union([Value, z.array(Value).min(1)]).optional(),
  /** Folders it may use besides its own. */
  additionalDirs: z.array(AbsolutePath).default([]),
  /** The first name of `additionalDirs`. */
  addDirs: z.array(AbsolutePath).default([]),
  /** Where it keeps login, settings and sessions: one folder for each account. */
  configDir: AbsolutePath.optional(),
  /** In place of Claude Code's own system prompt. */
  systemPrompt: Text.optional(),
  /** After what Drover tells it of itself. */
  systemPromptAppend: Text.optional(),
  /** Tools allowed without asking, as Claude Code writes them: `Bash(git:*)`. */
  allowedTools: z.array(Value).default([]),
  /** Tools it does not get, written the same way. */
  disallowedTools: z.array(Value).default([]),
  /** Files of MCP servers. */
  mcpConfig: z.array(AbsolutePath).default([]),
  /** A file of settings on top of its own. */
  settings: AbsolutePath.optional(),
  /** More arguments of its command line, but for those that Drover sets. */
  args: z
    .array(Text)
    .superRefine((args, context) => {
      if (args[0] !== undefined && !args[0].startsWith('-')) {
        context.addIssue({ code: 'custom', message: `begins with ${args[0]}, which is no flag` })
      }
      for (const arg of args) {
        const taken = takenFlag(arg)
        if (taken) {
          context.addIssue({ code: 'custom', message: taken })
        }
      }
    })
    .default([]),
})
export type ClaudeOptions = z.infer<typeof ClaudeOptions>
