import { fileURLToPath } from 'node:url'
import type { Launch } from '../contract.ts'
import { firstRing } from './bell.ts'
import { markOf } from './marks.ts'

const holderScript = fileURLToPath(new URL('holder.sh', import.meta.url))

/** What a shell is to become. */
export interface HolderCommand {
  /** Arguments of `/bin/sh`: script first. */
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
}

/** The command that holds a launch's program. */
export function holderCommand(launch: Launch): HolderCommand {
  const { run } = launch
  return {
    argv: [holderScript, run.folder, firstRing(run), ...launch.argv],
    env: { ...launch.env, ...markOf(run) },
    cwd: launch.cwd,
  }
}
