import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import type { BoxWish } from '../box.ts'

/**
 * Whoever has the engine's socket is root of the machine, so nothing that shows it is seen inside
 * but where that was asked for in words. Where the engine listens is known only now. Errors:
 * `invalid_mount`.
 */
export async function refuseSocket(
  { folders, container }: Pick<BoxWish, 'folders' | 'container'>,
  socketPath: string | null,
): Promise<void> {
  if (socketPath === null || container.engineSocket) {
    return
  }
  const socket = await realpath(socketPath).catch(() => socketPath)
  const mounted = container.mounts.flatMap(({ source }) => source ?? [])
  const showing = [...folders, ...mounted].find((folder) => isShown(folder, socket))
  if (showing !== undefined) {
    throw new DroverError(
      'invalid_mount',
      `${showing} would show the engine's socket ${socket}, which is root's power; if that is meant, set container.engineSocket.`,
      { details: { field: 'container.mounts' } },
    )
  }
}

function isShown(folder: string, socket: string): boolean {
  const relative = path.relative(folder, socket)
  return !(relative === '..' || relative.startsWith('../'))
}
