import { z } from 'zod'

/** The box that an agent has or is in, and what its live run uses; null: not known, or not in time. */
export const Box = z.object({
  /** Its name, as its engine knows it. */
  container: z.string().nullable(),
  /** It was made for the agent; false: it was there already. */
  isOwn: z.boolean(),
  /** What it was made of, where that was told. */
  image: z.string().nullable(),
  memoryBytes: z.number().nullable(),
  /** Null: as much as the machine has. */
  memoryLimitBytes: z.number().nullable(),
  /** Of one processor. */
  cpuPercent: z.number().nullable(),
  pids: z.number().int().nullable(),
})
export type Box = z.infer<typeof Box>
