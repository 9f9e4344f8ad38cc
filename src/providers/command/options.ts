import { z } from 'zod'

/** Options of the `command` provider. */
export const CommandOptions = z.strictObject({
  /** After the first line of an answer: how long it must be quiet for the answer to be whole, ms. */
  settleMs: z.number().int().min(0).max(60_000).default(100),
})
