import { homedir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import type { Mount } from '../schema/container.ts'
import { DroverError } from '../schema/error.ts'

/** Where a service is written. */
export interface ServicePlace {
  file: string
  /** `services.NAME` */
  key: string
  folder: string
  /** What the engine calls a volume; null for one that the file does not declare. */
  volumes: (own: string) => string | null
}

export const VolumeEntry = z.union([
  z.string(),
  z.strictObject({
    type: z.enum(['bind', 'volume']),
    source: z.string(),
    target: z.string(),
    read_only: z.boolean().default(false),
  }),
])

/** What a service sees, and which path of this machine is seen at one inside. Errors: `invalid_compose`. */
export function serviceMounts(
  entries: readonly z.infer<typeof VolumeEntry>[],
  place: ServicePlace,
): { mounts: Mount[]; hostPath: (inside: string) => string | null } {
  const mounts = entries.map((entry, index) => {
    const at = `${place.key}.volumes.${index}`
    return typeof entry === 'string' ? shortMount(entry, at, place) : longMount(entry, at, place)
  })
  return { mounts, hostPath: (inside) => findHostPath(mounts, inside) }
}

function shortMount(entry: string, at: string, place: ServicePlace): Mount {
  const [source = '', target, options = '', ...more] = entry.split(':')
  const isPath = /^[./~]/.test(source)
  const words = options.split(',').filter(Boolean)
  const strange = words.find(
    (word) => !['ro', 'rw', 'z', 'Z', 'cached', 'delegated'].includes(word),
  )
  if (target === undefined || more.length > 0 || strange !== undefined) {
    const problem = target === undefined ? 'has no name and no source' : 'is not SOURCE:TARGET[:ro]'
    throw refuse(place, `${at}: ${JSON.stringify(entry)} ${problem}`)
  }
  const type = isPath ? ('bind' as const) : ('volume' as const)
  return longMount({ type, source, target, read_only: words.includes('ro') }, at, place)
}

function longMount(
  entry: Exclude<z.infer<typeof VolumeEntry>, string>,
  at: string,
  place: ServicePlace,
): Mount {
  const { type, source, target: written, read_only: isReadOnly } = entry
  const target = path.posix.normalize(written).replace(/(?<=.)\/$/, '')
  if (type === 'bind') {
    const from = source.replace(/^~(?=\/|$)/, homedir())
    return { source: path.resolve(place.folder, from), target, isReadOnly }
  }
  const volume = place.volumes(source)
  if (volume === null) {
    throw refuse(place, `${at}: there is no volume ${JSON.stringify(source)} in volumes`)
  }
  return { volume, target, isReadOnly }
}

/** The innermost mount counts. */
function findHostPath(mounts: readonly Mount[], inside: string): string | null {
  const found = mounts
    .map((mount) => ({ ...mount, rest: path.posix.relative(mount.target ?? '/', inside) }))
    .filter(({ rest }) => rest !== '..' && !rest.startsWith('../'))
    .toSorted((a, b) => a.rest.length - b.rest.length)[0]
  return found?.source === undefined ? null : path.join(found.source, found.rest)
}

function refuse({ file }: ServicePlace, problem: string): DroverError {
  return new DroverError('invalid_compose', `${file}: ${problem}.`, {
    details: { field: 'container.compose', file },
  })
}
