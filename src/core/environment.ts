import { allowedProviderPrefixes, ownPrefix, providerPrefixes } from '../schema/environment.ts'

/** Variables of the host that agents get: who they are, where programs are, how text looks. Nothing else. */
export const inheritedVariables: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
  'SSH_AUTH_SOCK',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
]

export interface EnvironmentLayers {
  /** The daemon's own environment. */
  host: Readonly<Record<string, string | undefined>>
  /** More names of the host's that config lets through. */
  passEnv: readonly string[]
  /** From weak to strong: config, template and agent, provider. */
  layers: readonly Readonly<Record<string, string>>[]
}

/**
 * The whole environment of an agent, denied by default: listed host variables, then each layer over
 * the one before. A variable that steers a provider never comes from the host, but for those on the
 * list of exceptions; neither does one of Drover's own, for the daemon can be an agent's program itself.
 */
export function buildEnvironment({
  host,
  passEnv,
  layers,
}: EnvironmentLayers): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(host)) {
    if (value !== undefined && isInherited(name, passEnv)) {
      environment[name] = value
    }
  }
  return Object.assign(environment, ...layers)
}

function isInherited(name: string, passEnv: readonly string[]): boolean {
  if (allowedProviderPrefixes.some((prefix) => name.startsWith(prefix))) {
    return true
  }
  const upper = name.toUpperCase()
  if ([ownPrefix, ...providerPrefixes].some((prefix) => upper.startsWith(prefix))) {
    return false
  }
  return inheritedVariables.includes(name) || name.startsWith('LC_') || passEnv.includes(name)
}
