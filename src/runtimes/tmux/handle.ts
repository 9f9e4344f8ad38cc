import { z } from 'zod'
import type { Handle } from '../contract.ts'
import { HolderHandle } from '../holder/handle.ts'

/** The identity of the holder; where it holds a terminal, it is the first process of a tmux session. */
export const TmuxHandle = HolderHandle.extend({
  /** Name of the session; null for a program with pipes, which needs none. */
  session: z.string().nullable(),
})
export type TmuxHandle = z.infer<typeof TmuxHandle>

export function parseHandle(handle: Handle): TmuxHandle {
  return TmuxHandle.parse(handle)
}
