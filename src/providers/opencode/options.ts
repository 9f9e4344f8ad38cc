import { z } from 'zod'
import { extraArguments } from '../acp/extra-arguments.ts'
import { SilentMs } from '../acp/options.ts'

const Decision = z.enum(['ask', 'allow', 'deny'])

/** Flags of `opencode acp` that Drover gives itself, or that would open a door. */
const ownFlags = [
  'acp',
  '--print-logs',
  '--log-level',
  '--port',
  '--hostname',
  '--mdns',
  '--mdns-domain',
  '--cors',
  '--cwd',
  '--help',
  '-h',
  '--version',
  '-v',
]

/** Options of the `opencode` provider. */
export const OpencodeOptions = z.strictObject({
  /** One of OpenCode's own agents: `build`, `plan`, or one of its config. */
  agent: z.string().min(1).optional(),
  /** What it may do, by its own names of tools, over the guarded default; a tool can have patterns. */
  permissions: z
    .record(z.string().min(1), z.union([Decision, z.record(z.string().min(1), Decision)]))
    .default({}),
  /** Folder of an account: config, data and state in folders of these names. */
  configDir: z.string().startsWith('/', 'must be absolute').optional(),
  silentMs: SilentMs.default(120_000),
  args: extraArguments(ownFlags).default([]),
})
export type OpencodeOptions = z.infer<typeof OpencodeOptions>
