import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { systemManager, userManager, type SystemdManager } from '../../util/systemd-manager.ts'
import { runOfUnit } from './unit-name.ts'

/**
 * Whose units agents are. Root's are the system manager's: root's own user manager ends with root's
 * last session. Everybody else's are their user manager's, which needs no rights.
 */
export function findManager(
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): SystemdManager {
  return uid === 0 ? systemManager(env) : userManager(env, uid)
}

/** Whether the manager knows this transient unit: it has a file as long as it is not forgotten. */
export function isUnitThere(manager: SystemdManager, unit: string): boolean {
  return existsSync(path.join(manager.transientFolder, unit))
}

/** The units of a home's runs that the manager knows. */
export async function findUnits(
  manager: SystemdManager,
  instance: string,
): Promise<{ run: string; unit: string }[]> {
  const names = await readdir(manager.transientFolder).catch(() => [])
  return names.flatMap((unit) => {
    const run = runOfUnit(unit, instance)
    return run === null ? [] : [{ run, unit }]
  })
}
