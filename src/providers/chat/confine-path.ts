import { mkdirSync, realpathSync } from 'node:fs'
import path from 'node:path'

/**
 * The real path of something inside a folder, every link followed. Throws when it is outside, or
 * is not there.
 */
export function confineForReading(folder: string, name: string): string {
  return checkInside(folder, realpathSync(resolveInside(folder, name)), name)
}

/**
 * The path to write a file at: its folder is made if need be, and lies inside; a link at the
 * place itself is followed, and must lead inside too. Throws otherwise, before anything is made.
 */
export function confineForWriting(folder: string, name: string): string {
  const wanted = resolveInside(folder, name)
  const existing = realpathIfThere(wanted)
  if (existing) {
    return checkInside(folder, existing, name)
  }
  const parent = path.dirname(wanted)
  checkInside(folder, nearestRealpath(parent), name)
  mkdirSync(parent, { recursive: true })
  const realParent = checkInside(folder, realpathSync(parent), name)
  return path.join(realParent, path.basename(wanted))
}

/** A path that leads outside by its words alone is refused without looking whether something is there. */
function resolveInside(folder: string, name: string): string {
  const wanted = path.resolve(folder, name)
  return wanted.startsWith(`${realpathSync(folder)}${path.sep}`)
    ? wanted
    : checkLexically(path.resolve(folder), wanted, name)
}

function checkInside(folder: string, real: string, name: string): string {
  return checkLexically(realpathSync(folder), real, name)
}

function checkLexically(root: string, place: string, name: string): string {
  if (place === root || place.startsWith(root === path.sep ? root : root + path.sep)) {
    return place
  }
  throw new Error(`${name} is outside of the agent's folder`)
}

/** The real path of the closest folder above that exists. */
function nearestRealpath(place: string): string {
  return realpathIfThere(place) ?? nearestRealpath(path.dirname(place))
}

function realpathIfThere(place: string): string | null {
  try {
    return realpathSync(place)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null
    }
    throw error
  }
}
