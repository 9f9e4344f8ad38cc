import path from 'node:path'
import { z } from 'zod'

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
    /** Where it keeps login, settings and sessions, absolute; left out: a folder of the agent's own. */
    configDir: Absolute.optional(),
    /** At a terminal: hooks that the folder brings may run, outside the sandbox and reviewed by nobody. */
    projectHooks: z.boolean().default(false),
  })
  .refine(
    ({ protocol, approvalPolicy = 'never' }) => protocol !== 'exec' || approvalPolicy === 'never',
    {
      path: ['approvalPolicy'],
      message: 'codex exec can ask nobody: never, or protocol app-server',
    },
  )
export type CodexOptions = z.infer<typeof CodexOptions>
