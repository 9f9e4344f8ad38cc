import { z } from 'zod'

/** Longest silence that can be asked for, ms: a day. */
const longestSilenceMs = 86_400_000

/** Longest silence in a turn while no tool runs and nothing is asked, ms; 0: any. */
export const SilentMs = z.number().int().min(0).max(longestSilenceMs)

/** Options of the `acp` provider; each is something that the protocol has a word for. */
export const AcpOptions = z.strictObject({
  /** How it asks before it acts, as the program names its session modes. */
  mode: z.string().min(1).optional(),
  /** Other settings that the program offers, by its own ids. */
  settings: z.record(z.string(), z.union([z.string(), z.boolean()])).default({}),
  /** Way to log in at each start, by the program's own id; left out: it is logged in. */
  authMethod: z.string().min(1).optional(),
  silentMs: SilentMs.default(0),
})
export type AcpOptions = z.infer<typeof AcpOptions>
