import path from 'node:path'
import type { LaunchRequest } from '../contract.ts'
import { keyVariables } from './login.ts'

/**
 * Where Claude Code keeps what is the agent's alone, when it has a key; null: in the user's folder,
 * where the login is. A login can't be in two places: its tokens are renewed where they are.
 */
export function ownFolder({
  upstreams,
  env,
  stateFolder,
}: Pick<LaunchRequest, 'upstreams' | 'env' | 'stateFolder'>): string | null {
  const hasKey = upstreams.anthropic !== undefined || keyVariables.some((name) => env[name])
  return hasKey ? path.join(stateFolder, 'claude') : null
}
