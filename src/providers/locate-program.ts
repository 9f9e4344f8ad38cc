import path from 'node:path'
import { findProgram } from '../util/find-program.ts'
import type { ProviderContext } from './contract.ts'

export interface WantedProgram {
  /** As it is installed, or as a caller named it. */
  name: string
  /** Where a name with a slash begins, absolute. */
  folder: string
}

/**
 * The program's absolute path; null where there is none. One that is to run elsewhere is not looked
 * for: a bare name stays, and is resolved there; the path that config has for it is of this machine.
 */
export function locateProgram(
  { name, folder }: WantedProgram,
  {
    env,
    programPath,
    isElsewhere = false,
  }: Pick<ProviderContext, 'env'> & {
    programPath?: string | null
    isElsewhere?: boolean | undefined
  },
): string | null {
  if (isElsewhere) {
    return name.includes('/') ? path.resolve(folder, name) : name
  }
  return findProgram(programPath ?? name, { searchPath: env['PATH'] ?? '', folder })
}
