import { z } from 'zod'
import type { Handle } from '../contract.ts'
import type { ContainerState } from './engine/container-state.ts'

/** A container as it was started for one run: started again, it is another. */
export const DockerHandle = z.object({
  v: z.literal(1),
  /** The engine's id of it. */
  container: z.string().min(1),
  /** When it was started, in the engine's words. */
  startedAt: z.string().min(1),
  /** Its first process, as this machine counts; 0 where the engine does not tell. */
  pid: z.number().int().nonnegative(),
  /** Of a guest in it: where its folder is. */
  guest: z.string().optional(),
})
export type DockerHandle = z.infer<typeof DockerHandle>

/** Of the life that it has, or had last; null: it had none. */
export function handleOf(state: ContainerState | null): DockerHandle | null {
  return state?.startedAt
    ? { v: 1, container: state.id, startedAt: state.startedAt, pid: state.pid ?? 0 }
    : null
}

export function parseHandle(handle: Handle): DockerHandle {
  return DockerHandle.parse(handle)
}
