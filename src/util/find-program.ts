import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'

/**
 * The absolute path of a program as `execvp` would find it: a name with a slash is taken from
 * `folder`, any other is looked up in PATH. Null when there is no executable file.
 */
export function findProgram(
  name: string,
  { searchPath, folder }: { searchPath: string; folder: string },
): string | null {
  if (name === '') {
    return null
  }
  if (name.includes('/')) {
    const file = path.resolve(folder, name)
    return isExecutable(file) ? file : null
  }
  for (const entry of searchPath.split(':')) {
    const file = path.resolve(folder, entry || '.', name)
    if (isExecutable(file)) {
      return file
    }
  }
  return null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
