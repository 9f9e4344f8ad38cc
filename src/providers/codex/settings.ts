import type { Upstream } from '../../schema/config.ts'
import type { LaunchRequest } from '../contract.ts'
import type { CodexOptions } from './options.ts'

type SettingValue = string | boolean | readonly string[]

/** One setting of Codex: its place in config.toml, and its value. */
export type Setting = readonly [path: readonly string[], value: SettingValue]

/** Variable that holds the key of the endpoint in config. Its commands do not get it. */
export const keyVariable = 'DROVER_CODEX_KEY'

/** Name of the endpoint in config among Codex's model providers. */
export const upstreamName = 'drover'

/** What Codex is told in its settings. No secret is among them. Source: Codex's configuration reference. */
export function settingsFor(
  { spec, upstreams }: Pick<LaunchRequest, 'spec' | 'upstreams'>,
  options: CodexOptions,
): Setting[] {
  const model = modelFor({ spec, upstreams })
  return [
    [['check_for_update_on_startup'], false],
    ...(model === null ? [] : [[['model'], model] as const]),
    ...(spec.effort ? [[['model_reasoning_effort'], spec.effort] as const] : []),
    [['approval_policy'], approvalPolicyOf(options)],
    [['sandbox_mode'], sandboxOf(options)],
    ...(upstreams.openai ? [[['model_provider'], upstreamName] as const] : []),
    [['analytics', 'enabled'], false],
    [['feedback', 'enabled'], false],
    [['sandbox_workspace_write', 'network_access'], options.network],
    ...(spec.addDirs.length > 0
      ? [[['sandbox_workspace_write', 'writable_roots'], spec.addDirs] as const]
      : []),
    [['shell_environment_policy', 'exclude'], [keyVariable]],
    ...(upstreams.openai ? upstreamSettings(upstreams.openai) : []),
  ]
}

export function modelFor({
  spec,
  upstreams,
}: Pick<LaunchRequest, 'spec' | 'upstreams'>): string | null {
  return spec.model ?? upstreams.openai?.model ?? null
}

/** Asks before it leaves its sandbox; `exec` can't ask. */
export function approvalPolicyOf({ protocol, approvalPolicy }: CodexOptions): string {
  return approvalPolicy ?? (protocol === 'exec' ? 'never' : 'on-request')
}

export function sandboxOf({ sandbox }: CodexOptions): string {
  return sandbox ?? 'workspace-write'
}

/** The endpoint of config speaks the Responses API; its address is given with or without `/v1`. */
function upstreamSettings({ url, keyFile }: Upstream): Setting[] {
  const base = url.replace(/\/+$/, '')
  const place = (name: string): readonly string[] => ['model_providers', upstreamName, name]
  return [
    [place('name'), 'gateway.upstreams.openai'],
    [place('base_url'), /\/v\d+$/.test(base) ? base : `${base}/v1`],
    [place('wire_api'), 'responses'],
    [place('supports_websockets'), false],
    ...(keyFile ? [[place('env_key'), keyVariable] as const] : []),
  ]
}

/** Settings as config.toml: those of the top first, then tables, each once. */
export function toToml(settings: readonly Setting[]): string {
  const tables = Map.groupBy(settings, ([path]) => path.slice(0, -1).join('.'))
  const text = [...tables]
    .toSorted(([one], [other]) => Number(one !== '') - Number(other !== ''))
    .map(([table, entries]) => {
      const lines = entries.map(([path, value]) => `${path.at(-1)!} = ${toTomlValue(value)}`)
      return [...(table === '' ? [] : [`[${table}]`]), ...lines].join('\n')
    })
  return `# Written by Drover at each start.\n${text.join('\n\n')}\n`
}

/** Settings as arguments, for a folder whose settings are not ours to write. */
export function toArguments(settings: readonly Setting[]): string[] {
  return settings.flatMap(([path, value]) => ['-c', `${path.join('.')}=${toTomlValue(value)}`])
}

/** A basic string of TOML takes the escapes of JSON, and wants DEL escaped too. */
function toTomlValue(value: SettingValue): string {
  if (typeof value === 'boolean') {
    return String(value)
  }
  return typeof value === 'string'
    ? JSON.stringify(value).replaceAll('\u007f', String.raw`\u007f`)
    : `[${value.map(toTomlValue).join(', ')}]`
}
