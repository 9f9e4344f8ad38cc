import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import type { HolderCommand } from './holder-command.ts'

/** Becomes what a file says; to be called with an empty environment. */
export const toldScript = fileURLToPath(new URL('told.sh', import.meta.url))

/** Names a shell can't export, or has for itself alone. */
const foreignName = /^(?:BASHOPTS|EUID|PPID|SHELLOPTS|UID|(?![A-Za-z_][A-Za-z0-9_]*$).*)$/s

/**
 * Writes what `told.sh` is to become, private: whatever is in arguments and environment, it gets it
 * byte for byte, and nothing of it stands on a command line. Errors: `start_failed` for a variable
 * that no shell can pass on.
 */
export function writeToldFile(file: string, { argv, env, cwd }: HolderCommand): void {
  const name = Object.keys(env).find((each) => foreignName.test(each))
  if (name !== undefined) {
    throw new DroverError(
      'start_failed',
      `env.${name}: a shell can't pass a variable of this name on. Leave it out, or use the runtime process.`,
      { details: { field: `env.${name}` } },
    )
  }
  const items = [
    `d${cwd}`,
    ...Object.entries(env).map(([key, value]) => `e${key}=${value}`),
    ...argv.map((argument) => `a${argument}`),
  ]
  writeFileSync(file, `${items.map(formatItem).join('')}go\n`, { mode: 0o600 })
}

function formatItem(item: string): string {
  const lines = item.slice(1).split('\n')
  const last = lines.pop() ?? ''
  return `${lines.map((line) => `+${line}\n`).join('')}${item.slice(0, 1)}${last}\n`
}
