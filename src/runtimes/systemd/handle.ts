import { z } from 'zod'
import type { Handle } from '../contract.ts'

/** The unit of a run, and the identity of its main process, which is the holder. */
export const SystemdHandle = z.object({
  v: z.literal(1),
  unit: z.string(),
  /** This start of the unit, by systemd's own id. */
  invocationId: z.string(),
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
})
export type SystemdHandle = z.infer<typeof SystemdHandle>

export function parseHandle(handle: Handle): SystemdHandle {
  return SystemdHandle.parse(handle)
}
