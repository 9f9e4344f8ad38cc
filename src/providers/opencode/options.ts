import { z } from 'zod'
import { SilentMs } from '../acp/options.ts'

const Decision = z.enum(['ask', 'allow', 'deny'])

/** Options of the `opencode` provider. */
export const OpencodeOptions = z.strictObject({
  /** What it may do, by its own names of tools, over the guarded default; a tool can have patterns. */
  permissions: z
    .record(z.string().min(1), z.union([Decision, z.record(z.string().min(1), Decision)]))
    .default({}),
  /** Folder of an account: config, data and state in folders of these names. */
  configDir: z.string().startsWith('/', 'must be absolute').optional(),
  silentMs: SilentMs.default(120_000),
})
export type OpencodeOptions = z.infer<typeof OpencodeOptions>
