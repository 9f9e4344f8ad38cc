import { z } from 'zod'

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
  /** Models to take while the chosen one is busy, the first first. */
  fallbackModel: z.union([Value, z.array(Value).min(1)]).optional(),
  /** Folders it may use besides those of the agent. */
  addDirs: z.array(AbsolutePath).default([]),
  /** Where it keeps login, settings and sessions: one folder for each account. */
  configDir: AbsolutePath.optional(),
  /** In place of Claude Code's own system prompt. */
  systemPrompt: Text.optional(),
  /** Tools allowed without asking, as Claude Code writes them: `Bash(git:*)`. */
  allowedTools: z.array(Value).default([]),
  /** Tools it does not get, written the same way. */
  disallowedTools: z.array(Value).default([]),
  /** Files of MCP servers. */
  mcpConfig: z.array(AbsolutePath).default([]),
  /** A file of settings on top of its own. */
  settings: AbsolutePath.optional(),
})
export type ClaudeOptions = z.infer<typeof ClaudeOptions>
