import { z } from 'zod'
import type { Handle } from '../contract.ts'

/** The holder's identity; its process group and session have the same number. */
export const HolderHandle = z.object({
  v: z.literal(1),
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
})
export type HolderHandle = z.infer<typeof HolderHandle>

export function parseHandle(handle: Handle): HolderHandle {
  return HolderHandle.parse(handle)
}
