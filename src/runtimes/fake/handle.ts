import { z } from 'zod'
import type { Handle } from '../contract.ts'

/** Names one process of one boot of a FakeMachine. */
export const FakeHandle = z.object({
  v: z.literal(1),
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  /** How often it was suspended and resumed, together; left out: never. A handle of before still names it. */
  moves: z.number().int().positive().optional(),
})
export type FakeHandle = z.infer<typeof FakeHandle>

export function parseHandle(handle: Handle): FakeHandle {
  return FakeHandle.parse(handle)
}
