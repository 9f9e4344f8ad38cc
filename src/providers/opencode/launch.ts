import path from 'node:path'
import type { AgentSpec } from '../../schema/agent.ts'
import type { Upstream } from '../../schema/config.ts'
import { DroverError } from '../../schema/error.ts'
import { extraArguments } from '../acp/extra-arguments.ts'
import { greet } from '../acp/provider-parts.ts'
import { readUpstreamKey } from '../acp/upstream-key.ts'
import type { LaunchRequest, ProviderContext, ProviderLaunch } from '../contract.ts'
import { locateProgram } from '../locate-program.ts'
import { OpencodeOptions } from './options.ts'

export const installHint =
  'Install it with `npm install -g opencode-ai`, or set providers.opencode.path in config.yaml.'

/** What keeps it from updating itself, fetching lists and reading what other programs left. */
export const quietEnvironment = {
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  OPENCODE_DISABLE_MODELS_FETCH: '1',
  OPENCODE_DISABLE_SHARE: '1',
} as const

/** Nothing is changed and nothing is run before a person said so. */
const guarded = { bash: 'ask', edit: 'ask', webfetch: 'ask', external_directory: 'ask' } as const

/** Flags of `opencode acp` that Drover gives itself, or that would open a door. */
const ownFlags = [
  'acp',
  '--print-logs',
  '--log-level',
  '--port',
  '--hostname',
  '--mdns',
  '--mdns-domain',
  '--cors',
  '--cwd',
  '--help',
  '-h',
  '--version',
  '-v',
]

/** Name that the endpoint of config has in OpenCode's config. */
const ownProvider = 'drover'

/** The program's absolute path; null when it is not installed. */
export function findOpencode(
  context: Pick<ProviderContext, 'programPath' | 'env' | 'isElsewhere'>,
): string | null {
  return locateProgram({ name: 'opencode', folder: '/' }, context)
}

/** The agent's folder for OpenCode's config, data and state. */
export function opencodeFolder(stateFolder: string, { configDir }: OpencodeOptions): string {
  return configDir ?? path.join(stateFolder, 'opencode')
}

/** What a run of OpenCode needs, however it is talked to. */
export interface PreparedOpencode {
  program: string
  /** Its config, data and state are in folders of these names below it. */
  folder: string
  /** The folder is the agent's own. */
  isOwn: boolean
  env: Record<string, string>
  files: { path: string; content: string }[]
}

/**
 * `more` is config beside that of every run. Errors: `program_not_found`, `invalid_config`,
 * `invalid_request`.
 */
export function prepareOpencode(request: LaunchRequest, more: object = {}): PreparedOpencode {
  const program = findOpencode(request)
  if (!program) {
    throw new DroverError('program_not_found', `provider: OpenCode was not found. ${installHint}`, {
      details: { field: 'provider', program: request.programPath ?? 'opencode' },
    })
  }
  const { spec, stateFolder, systemPrompt, upstreams } = request
  const options = OpencodeOptions.parse(spec.options)
  const configFile = path.join(stateFolder, 'opencode.json')
  const promptFile = path.join(stateFolder, 'opencode-instructions.md')
  const folder = opencodeFolder(stateFolder, options)
  const config = {
    $schema: 'https://opencode.ai/config.json',
    autoupdate: false,
    share: 'disabled',
    ...modelConfig(spec, upstreams.openai),
    ...(spec.profile === undefined ? {} : { default_agent: spec.profile }),
    ...(systemPrompt === null ? {} : { instructions: [promptFile] }),
    ...more,
  }
  return {
    program,
    folder,
    isOwn: options.configDir === undefined,
    env: {
      ...quietEnvironment,
      OPENCODE_CONFIG: configFile,
      // Counts for more than a config in the agent's folder, which must not let it off its questions.
      OPENCODE_PERMISSION: JSON.stringify({ ...guarded, ...options.permissions }),
      XDG_CONFIG_HOME: path.join(folder, 'config'),
      XDG_DATA_HOME: path.join(folder, 'data'),
      XDG_STATE_HOME: path.join(folder, 'state'),
    },
    files: [
      { path: configFile, content: `${JSON.stringify(config, null, 2)}\n` },
      ...(systemPrompt === null ? [] : [{ path: promptFile, content: systemPrompt }]),
    ],
  }
}

/** Errors: `program_not_found`, `invalid_config`, `invalid_request`. */
export function launchOpencode(request: LaunchRequest): ProviderLaunch {
  const { program, env, files } = prepareOpencode(request)
  return {
    argv: [
      program,
      'acp',
      '--print-logs',
      '--log-level',
      'ERROR',
      ...extraArguments(request.spec.args, ownFlags),
    ],
    env,
    files,
    input: greet(request, { isPromptTold: true }),
  }
}

/** With an endpoint in config the model is one of its own; without, it is as OpenCode names it. */
function modelConfig({ model }: AgentSpec, upstream: Upstream | undefined): object {
  if (!upstream) {
    return model === undefined ? {} : { model }
  }
  const name = model ?? upstream.model
  if (name === undefined) {
    const message =
      'model: is needed with gateway.upstreams.openai; name one, or set the model there.'
    throw new DroverError('invalid_request', message, { details: { field: 'model' } })
  }
  const baseURL = upstream.url.replace(/\/+$/, '').replace(/(?<!\/v1)$/, '/v1')
  return {
    model: `${ownProvider}/${name}`,
    small_model: `${ownProvider}/${name}`,
    provider: {
      [ownProvider]: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Drover',
        options: { baseURL, apiKey: readUpstreamKey('openai', upstream) },
        models: { [name]: { name } },
      },
    },
  }
}
