import path from 'node:path'
import { z } from 'zod'
import { refusedArgument } from './refused-arguments.ts'

const Absolute = z.string().refine((value) => path.isAbsolute(value), 'must be an absolute path')

/** Options of the `codex` provider. */
export const CodexOptions = z
  .strictObject({
    /** How it is talked to: `exec` runs the program anew for each turn, and it can ask nobody. */
    protocol: z.enum(['app-server', 'exec']).default('app-server'),
    /** When it asks before it acts. With `exec`: never. */
    approvalPolicy: z.enum(['untrusted', 'on-request', 'never']).optional(),
    /** What its commands may touch without asking. */
    sandbox: z.enum(['read-only', 'workspace-write', 'danger-full-access']).optional(),
    /** Whether its commands may use the network in the sandbox `workspace-write`. */
    network: z.boolean().default(false),
    /** How hard its model thinks, as Codex names it: `low`, `medium`, `high`. */
    effort: z
      .string()
      .regex(/^[a-z]{1,20}$/, 'is a word such as low, medium or high')
      .optional(),
    /** Folders it may write to besides its own, absolute. */
    additionalDirs: z.array(Absolute).default([]),
    /** Where it keeps login, settings and sessions, absolute; left out: a folder of the agent's own. */
    configDir: Absolute.optional(),
    /** A profile of that folder, `NAME.config.toml`. */
    profile: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,60}$/, 'is the name of a profile')
      .optional(),
    /** More arguments for the program. */
    args: z.array(z.string()).default([]),
  })
  .superRefine((options, context) => {
    const complain = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message })
    if (options.protocol === 'exec' && (options.approvalPolicy ?? 'never') !== 'never') {
      complain('approvalPolicy', 'codex exec can ask nobody: never, or protocol app-server')
    }
    if (options.profile !== undefined && options.protocol !== 'exec') {
      complain('profile', 'codex app-server takes no profile: protocol exec does')
    }
    if (options.profile !== undefined && options.configDir === undefined) {
      complain('profile', 'is a file in the folder configDir, which must be given with it')
    }
    const refused = refusedArgument(options.args)
    if (refused) {
      complain('args', refused)
    }
  })
export type CodexOptions = z.infer<typeof CodexOptions>
