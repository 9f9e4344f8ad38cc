import path from 'node:path'
import type { ProviderContext } from '../contract.ts'
import { keyVariables } from './login.ts'
import type { ClaudeOptions } from './options.ts'

/**
 * Where Claude Code keeps what it knows for an agent: the folder of an account, or one of the agent's
 * own; null: the user's. A login is in the user's own folder, and can't be in two, as its tokens are
 * renewed in place; so only an agent with a key has its own.
 */
export function configFolder(
  { configDir }: Pick<ClaudeOptions, 'configDir'>,
  {
    upstreams,
    env,
    stateFolder,
  }: Pick<ProviderContext, 'upstreams' | 'env'> & { stateFolder: string },
): string | null {
  const hasKey = upstreams.anthropic !== undefined || keyVariables.some((name) => env[name])
  return configDir ?? (hasKey ? path.join(stateFolder, 'claude') : null)
}

/** The user's own. */
export function userFolder(env: ProviderContext['env']): string {
  return path.join(env['HOME'] ?? '/', '.claude')
}
