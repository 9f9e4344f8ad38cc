import path from 'node:path'
import type { LaunchRequest, Login, LoginRequest } from '../contract.ts'
import { readJsonFile } from '../read-json-file.ts'

export const loginHint =
  'Log in with `codex login`, or set gateway.upstreams.openai (url, keyFile) in config.yaml.'

export interface CodexHome {
  folder: string
  /** It is the agent's, so its settings are ours to write. */
  isOwn: boolean
}

/** The agent's own folder for Codex. */
export function ownFolder(stateFolder: string): string {
  return path.join(stateFolder, 'codex')
}

/** The folder that `codex login` of the person uses; null where nobody can know. */
export function userFolder(env: Readonly<Record<string, string>>): string | null {
  const home = env['HOME']
  return home ? path.join(home, '.codex') : null
}

/**
 * Where Codex keeps login, settings and sessions of an agent: the folder that was named, else one of
 * its own. A login to an account can't be in two places, since its tokens change with use: with
 * nothing but that, agents use the person's folder, and leave its settings as they are.
 */
export function homeOf({
  env,
  upstreams,
  stateFolder,
  configDir,
}: Pick<LaunchRequest, 'env' | 'upstreams' | 'stateFolder'> & {
  configDir: string | undefined
}): CodexHome {
  if (configDir !== undefined) {
    return { folder: configDir, isOwn: false }
  }
  const [own, user] = [ownFolder(stateFolder), userFolder(env)]
  const isShared = !upstreams.openai && loginIn(own) === null && loginIn(user) === 'account'
  return isShared && user !== null ? { folder: user, isOwn: false } : { folder: own, isOwn: true }
}

/** What `codex login` left in a folder: a key, which every agent may use, or an account, which is there alone. */
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
 * Whether Codex has a login: an endpoint of config, or what `codex login` left in the folder that the
 * agent uses or in the person's. A folder that a person named may have settings with an endpoint of
 * its own, or a login in the system's key chain: nobody can look.
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
  const { configDir } = options
  if (typeof configDir === 'string') {
    return loginIn(configDir) ? 'yes' : 'unknown'
  }
  const own = stateFolder === null ? null : ownFolder(stateFolder)
  return loginIn(own) || loginIn(userFolder(env)) ? 'yes' : 'no'
}
