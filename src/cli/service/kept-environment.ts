import type { Environment } from '../context.ts'

/** What of the environment a service of the daemon keeps: where its home is, and where programs are. */
const keptVariables = ['PATH', 'DROVER_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'LANG', 'TZ']

export function keepEnvironment(env: Environment): Record<string, string> {
  const kept = keptVariables.map((name) => [name, env[name]] as const)
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => Boolean(entry[1])))
}
