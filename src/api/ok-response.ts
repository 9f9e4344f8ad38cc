import type { z } from 'zod'

/** The answer of a route that has nothing else to say than what was asked for. */
export const ok = (
  description: string,
  schema: z.ZodType,
): { status: 200; description: string; schema: z.ZodType } => ({
  status: 200,
  description,
  schema,
})
