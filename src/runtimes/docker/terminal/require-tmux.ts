import path from 'node:path'
import { DroverError } from '../../../schema/error.ts'
import type { Engine } from '../engine/engine.ts'

const usualPath = '/usr/local/bin:/usr/bin:/bin'

/** Errors: `start_failed` where a container's programs would not find tmux. */
export async function requireTmux(
  engine: Engine,
  { id, image }: { id: string; image: string },
  signal: AbortSignal,
): Promise<void> {
  const env = (await engine.inspectContainer(id, signal))?.env ?? []
  const searchPath = env.find((each) => each.startsWith('PATH='))?.slice('PATH='.length)
  for (const folder of (searchPath ?? usualPath).split(':').filter(path.posix.isAbsolute)) {
    if (await engine.statArchive(id, path.posix.join(folder, 'tmux'), signal)) {
      return
    }
  }
  throw new DroverError(
    'start_failed',
    `container.terminal: the image ${image} has no tmux, which a terminal needs. Install tmux in the image, or leave container.terminal out.`,
    { details: { field: 'container.terminal' } },
  )
}
