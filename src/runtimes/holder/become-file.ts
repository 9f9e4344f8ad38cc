import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import { encodeLaunchLines } from '../launch-lines.ts'
import type { HolderCommand } from './start-holder.ts'

/** Becomes what a file says; to be called with an empty environment. */
export const becomeScript = fileURLToPath(new URL('become.sh', import.meta.url))

/** Names a shell can't export, or has for itself alone. */
const foreignName = /^(?:BASHOPTS|EUID|PPID|SHELLOPTS|UID|(?![A-Za-z_][A-Za-z0-9_]*$).*)$/s

/**
 * Writes what `become.sh` is to become, private. Errors: `start_failed` for a variable that no shell
 * can pass on.
 */
export function writeBecomeFile(file: string, command: HolderCommand): void {
  checkExportable(command.env)
  writeFileSync(file, encodeLaunchLines(command), { mode: 0o600 })
}

/** Errors: `start_failed` for a variable that no shell can pass on. */
export function checkExportable(env: Readonly<Record<string, string>>): void {
  const name = Object.keys(env).find((each) => foreignName.test(each))
  if (name !== undefined) {
    throw new DroverError(
      'start_failed',
      `env.${name}: a shell can't pass a variable of this name on. Leave it out, or use the runtime process.`,
      { details: { field: `env.${name}` } },
    )
  }
}
