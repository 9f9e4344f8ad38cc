import path from 'node:path'
import type { Login, LoginRequest } from '../contract.ts'
import { readJsonFile } from '../read-json-file.ts'

export const loginHint =
  'Log in with `codex login` and name that folder with --option configDir=~/.codex as an absolute path, or set gateway.upstreams.openai (url, keyFile) in config.yaml.'

/** The agent's own folder for Codex. */
export function ownFolder(stateFolder: string): string {
  return path.join(stateFolder, 'codex')
}

/** The folder that `codex login` of the person uses; null where nobody can know. */
export function userFolder(env: Readonly<Record<string, string>>): string | null {
  const home = env['HOME']
  return home ? path.join(home, '.codex') : null
}

/** What `codex login` left in a folder: a key, which every agent may use, or an account, whose tokens change with use. */
export function loginIn(folder: string | null): 'key' | 'account' | null {
  const file = folder === null ? null : readJsonFile(path.join(folder, 'auth.json'))
  if (!file) {
    return null
  }
  if (typeof file['tokens'] === 'object' && file['tokens'] !== null) {
    return 'account'
  }
  return typeof file['OPENAI_API_KEY'] === 'string' ? 'key' : null
}

/**
 * Whether Codex has a login: an endpoint of config, what `codex login` left in the folder that the
 * agent uses, or a key that it left in the person's. Where arguments or a profile may name another
 * endpoint, and in a system's key chain, nobody can look.
 */
export function codexLogin({
  env,
  upstreams,
  options,
  stateFolder,
}: Pick<LoginRequest, 'env' | 'upstreams' | 'options' | 'stateFolder'>): Login {
  if (upstreams.openai) {
    return 'yes'
  }
  const user = loginIn(userFolder(env))
  const { configDir, args } = options
  if (typeof configDir === 'string') {
    return loginIn(configDir) ? 'yes' : 'unknown'
  }
  if (stateFolder === null) {
    return user ? 'yes' : 'no'
  }
  if (loginIn(ownFolder(stateFolder)) || user === 'key') {
    return 'yes'
  }
  return Array.isArray(args) && args.length > 0 ? 'unknown' : 'no'
}
