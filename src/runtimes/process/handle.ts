import { z } from 'zod'
import type { Handle } from '../contract.ts'

/** The holder's identity; its process group and session have the same number. */
export const ProcessHandle = z.object({
  v: z.literal(1),
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
})
export type ProcessHandle = z.infer<typeof ProcessHandle>

export function parseHandle(handle: Handle): ProcessHandle {
  return ProcessHandle.parse(handle)
}
