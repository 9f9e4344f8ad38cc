import { z } from 'zod'

/** Options of the `claude` provider; each is a flag of Claude Code. */
export const ClaudeOptions = z.strictObject({
  permissionMode: z
    .enum(['default', 'acceptEdits', 'plan', 'bypassPermissions', 'dontAsk'])
    .optional(),
  /** Most model calls of one turn. */
  maxTurns: z.number().int().positive().optional(),
  /** Folders it may use besides its own, absolute. */
  addDirs: z.array(z.string().min(1)).default([]),
  /** Where it keeps login and sessions; left out: the user's own. One folder for each account. */
  configDir: z.string().min(1).optional(),
  /** Tools allowed without asking, as Claude Code writes them: `Bash(git:*)`. */
  allowedTools: z.array(z.string().min(1)).default([]),
})
export type ClaudeOptions = z.infer<typeof ClaudeOptions>
