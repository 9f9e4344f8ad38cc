import { z } from 'zod'
import type { Handle } from '../contract.ts'
import { HolderHandle } from '../holder/handle.ts'

/** The identity of the holder, which is the main process of its service and leads its group. */
export const LaunchdHandle = HolderHandle.extend({
  /** launchd's domain that its service is in: `gui/501`. */
  domain: z.string(),
})
export type LaunchdHandle = z.infer<typeof LaunchdHandle>

export function parseHandle(handle: Handle): LaunchdHandle {
  return LaunchdHandle.parse(handle)
}
