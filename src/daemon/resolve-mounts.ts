import { realpathSync, statSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Mount } from '../schema/container.ts'
import { DroverError } from '../schema/error.ts'

/** What the kernel tells and is told of all of the machine. */
const machineFolders = ['/proc', '/sys', '/dev']

/** Where engines listen: whoever sees one of these is root of the machine. */
function engineSockets(): string[] {
  const own = `/run/user/${process.getuid?.() ?? 0}`
  return [
    '/run/docker.sock',
    '/run/podman/podman.sock',
    '/run/containerd',
    `${own}/docker.sock`,
    `${own}/podman/podman.sock`,
    path.join(homedir(), '.docker', 'run', 'docker.sock'),
  ]
}

/**
 * Paths of this machine, real, and places inside that are free. Changes nothing. Errors:
 * `invalid_mount`, naming the field.
 */
export function resolveMounts(mounts: readonly Mount[], home: string): Mount[] {
  const resolved = mounts.map((mount, index) =>
    resolveMount(mount, `container.mounts.${index}`, home),
  )
  const targets = resolved.map(({ source, target }) => target ?? source)
  const twice = targets.findIndex((target, index) => targets.indexOf(target) < index)
  if (twice >= 0) {
    throw invalid(`container.mounts.${twice}.target`, `${targets[twice]} is the place of another`)
  }
  return resolved
}

/**
 * What may be seen inside was decided by where a path led then; one that leads elsewhere since is not
 * followed. Errors: `invalid_mount`.
 */
export async function checkMounts(mounts: readonly Mount[]): Promise<void> {
  for (const [index, { source }] of mounts.entries()) {
    if (source === undefined) {
      continue
    }
    const field = `container.mounts.${index}.source`
    const real = await realpath(source).catch(() => null)
    if (real === null) {
      throw invalid(field, `${source} does not exist any more`)
    }
    if (real !== source) {
      throw invalid(field, `${source} leads to ${real} now, and did not when it was allowed`)
    }
  }
}

/**
 * The real path of something of this machine that is to be seen inside. Errors: `invalid_mount`: it
 * is not there, or would show Drover's home, an engine's socket or the machine itself.
 */
export function resolveVisible(field: string, file: string, home: string): string {
  const source = realFile(field, file)
  const realHome = realpathSync(home)
  if (isInside(realHome, source) || isInside(source, realHome)) {
    throw invalid(field, `${source} would show the home of Drover itself`)
  }
  const socket = engineSockets().find((each) => isInside(each, source) || isInside(source, each))
  if (socket !== undefined) {
    throw invalid(
      field,
      `${source} would show an engine's socket, ${socket}, which is root's power; if that is meant, set engineSocket`,
    )
  }
  const machine = machineFolders.find((each) => isInside(each, source))
  if (machine !== undefined) {
    throw invalid(field, `${source} is the machine's own; a container has its own ${machine}`)
  }
  return source
}

/** The real path of what is there. Errors: `invalid_mount`. */
export function realFile(field: string, file: string): string {
  const shown = JSON.stringify(file.slice(0, 200))
  if (!path.isAbsolute(file)) {
    throw invalid(field, `${shown} is no absolute path`)
  }
  try {
    if (statSync(file, { throwIfNoEntry: false })) {
      return realpathSync(file)
    }
  } catch (error) {
    throw invalid(field, `${shown} can't be looked at (${(error as NodeJS.ErrnoException).code})`)
  }
  throw invalid(field, `${shown} does not exist`)
}

/** Whether a path is the folder, or below it. */
export function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file)
  return (
    relative === '' ||
    !(relative === '..' || relative.startsWith('../') || path.isAbsolute(relative))
  )
}

export function invalid(field: string, problem: string): DroverError {
  return new DroverError('invalid_mount', `${field}: ${problem}.`, { details: { field } })
}

function resolveMount(mount: Mount, field: string, home: string): Mount {
  if ((mount.source === undefined) === (mount.volume === undefined)) {
    throw invalid(field, 'needs a source or a volume, and not both')
  }
  if (mount.volume !== undefined && mount.target === undefined) {
    throw invalid(`${field}.target`, 'is missing: a volume has no place of its own')
  }
  checkTarget(`${field}.target`, mount.target, home)
  return mount.source === undefined
    ? mount
    : { ...mount, source: resolveVisible(`${field}.source`, mount.source, home) }
}

/** Places inside that are Drover's or the kernel's. */
function checkTarget(field: string, target: string | undefined, home: string): void {
  const taken = [home, '/proc', '/sys', '/dev'].find(
    (each) => target !== undefined && isInside(each, target) && !target.startsWith('/dev/'),
  )
  if (taken !== undefined) {
    throw invalid(field, `${target} is no place for it: ${taken} inside is taken`)
  }
}
