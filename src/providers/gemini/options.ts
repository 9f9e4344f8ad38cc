import { z } from 'zod'
import { extraArguments } from '../acp/extra-arguments.ts'
import { AddDirs, SilentMs } from '../acp/options.ts'

/** Flags of Gemini CLI that Drover gives itself, or that make it something else than an ACP program. */
const ownFlags = [
  '--acp',
  '--experimental-acp',
  '--skip-trust',
  '--model',
  '-m',
  '--approval-mode',
  '--yolo',
  '-y',
  '--include-directories',
  '--prompt',
  '-p',
  '--prompt-interactive',
  '-i',
  '--output-format',
  '-o',
  '--resume',
  '-r',
  '--session-id',
  '--session-file',
  '--list-sessions',
  '--delete-session',
  '--list-extensions',
  '-l',
  '--worktree',
  '-w',
  '--help',
  '-h',
  '--version',
  '-v',
]

/** Options of the `gemini` provider; each is a flag or a setting of Gemini CLI. */
export const GeminiOptions = z.strictObject({
  approvalMode: z.enum(['default', 'auto_edit', 'yolo', 'plan']).optional(),
  addDirs: AddDirs.default([]),
  /** Folder of an account: its `.gemini` has login, settings and sessions. */
  configDir: z.string().startsWith('/', 'must be absolute').optional(),
  silentMs: SilentMs.default(120_000),
  args: extraArguments(ownFlags).default([]),
})
export type GeminiOptions = z.infer<typeof GeminiOptions>
