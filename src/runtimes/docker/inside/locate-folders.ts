import path from 'node:path'
import type { Container } from '../../../schema/container.ts'
import { DroverError } from '../../../schema/error.ts'
import type { ContainerState } from '../engine/container-state.ts'
import type { Engine } from '../engine/engine.ts'
import type { RecentLooks } from './recent-looks.ts'

/** Where a container that is there already shows folders of this machine. Errors: `invalid_dir`, and those of `RecentLooks.ahead`. */
export async function locateFolders(
  { engine, looks }: { engine: Engine; looks: RecentLooks },
  { container, folders }: { container: Container; folders: readonly string[] },
  signal: AbortSignal,
): Promise<string[]> {
  const state = await looks.ahead(engine, container.name ?? '', signal)
  return folders.map((folder) => locateFolder(folder, state))
}

/** By the mount that covers it, the innermost where there are several. */
export function locateFolder(
  folder: string,
  { name, mounts }: Pick<ContainerState, 'name' | 'mounts'>,
): string {
  const places = mounts
    .filter(({ source }) => source !== '' && isInside(folder, source))
    .toSorted((one, other) => other.source.length - one.source.length)
  for (const { source, target } of places) {
    const inside = path.join(target, path.relative(source, folder))
    // What another mount covers inside is not this folder.
    const cover = mounts
      .filter((each) => isInside(inside, each.target))
      .toSorted((one, other) => other.target.length - one.target.length)[0]
    if (cover?.target === target) {
      return inside
    }
  }
  const seen = mounts.map(({ source, target }) => `${source} at ${target}`)
  throw new DroverError(
    'invalid_dir',
    `dir: ${folder} can't be seen in the container ${name}, which shows ${seen.join(', ') || 'no folder of this machine'}. Work in a folder that it shows, or name one inside with container.workdir.`,
    { details: { field: 'dir', container: name } },
  )
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file)
  return relative === '' || !(relative.startsWith('..') || path.isAbsolute(relative))
}
