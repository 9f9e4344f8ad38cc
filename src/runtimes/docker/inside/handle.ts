import { z } from 'zod'
import type { Handle } from '../../contract.ts'

/** Who holds a run inside of somebody's container: that container as it was started, and a process in it. */
export const InsideHandle = z.object({
  v: z.literal(1),
  /** Tells it from the handle of a container of the agent's own. */
  kind: z.literal('inside'),
  /** The engine's id of it. */
  container: z.string().min(1),
  /** When it was started, in the engine's words. */
  startedAt: z.string().min(1),
  /** As the container counts. */
  pid: z.number().int().positive(),
  /** Of that process, in ticks since the machine's start. */
  startTime: z.string().min(1),
})
export type InsideHandle = z.infer<typeof InsideHandle>

export function isInside(handle: Handle): boolean {
  return handle['kind'] === 'inside'
}

export function isSameHandle(one: InsideHandle, other: InsideHandle): boolean {
  return (
    one.container === other.container &&
    one.startedAt === other.startedAt &&
    one.pid === other.pid &&
    one.startTime === other.startTime
  )
}
