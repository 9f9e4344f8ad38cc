import { z } from 'zod'
import { SilentMs } from '../acp/options.ts'

/** Options of the `gemini` provider; each is a flag or a setting of Gemini CLI. */
export const GeminiOptions = z.strictObject({
  approvalMode: z.enum(['default', 'auto_edit', 'yolo', 'plan']).optional(),
  /** Folder of an account: its `.gemini` has login, settings and sessions. */
  configDir: z.string().startsWith('/', 'must be absolute').optional(),
  silentMs: SilentMs.default(120_000),
})
export type GeminiOptions = z.infer<typeof GeminiOptions>
