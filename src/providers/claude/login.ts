import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Login, LoginRequest } from '../contract.ts'
import { readJsonFile } from '../read-json-file.ts'

export const loginHint =
  'Log in with `claude` and /login, or set gateway.upstreams.anthropic (url, keyFile) in config.yaml.'

/** Variables that are a login by themselves, or choose a service that has its own. */
const keys = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN']
const services = ['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX', 'CLAUDE_CODE_USE_FOUNDRY']

/**
 * Whether Claude Code has a login: an endpoint of config, a key, or what `/login` left in its folder.
 * Where it keeps that in the system's key chain nobody can look without asking for it.
 * Source: its documentation, "Identity and access management" and "Settings".
 */
export function claudeLogin(
  {
    env,
    upstreams,
    options,
    programPath,
  }: Pick<LoginRequest, 'env' | 'upstreams' | 'options' | 'programPath'>,
  platform: NodeJS.Platform = process.platform,
): Login {
  if (upstreams.anthropic || keys.some((name) => env[name])) {
    return 'yes'
  }
  // A program that config names can be a wrapper that brings a login of its own.
  if (programPath !== null || services.some((name) => env[name])) {
    return 'unknown'
  }
  const home = env['HOME']
  const own = typeof options['configDir'] === 'string' ? options['configDir'] : undefined
  const folder = own ?? env['CLAUDE_CONFIG_DIR'] ?? (home && path.join(home, '.claude'))
  if (!folder) {
    return 'unknown'
  }
  if (readJsonFile(path.join(folder, '.credentials.json'))) {
    return 'yes'
  }
  const settings = readJsonFile(path.join(folder, 'settings.json'))
  const told = settings?.['env']
  const names = typeof told === 'object' && told !== null ? Object.keys(told) : []
  if (settings?.['apiKeyHelper'] || names.some((name) => keys.includes(name))) {
    return 'yes'
  }
  const isElsewhere = platform === 'darwin' || names.some((name) => services.includes(name))
  return isElsewhere || existsSync('/etc/claude-code/managed-settings.json') ? 'unknown' : 'no'
}

export { keys as keyVariables }
