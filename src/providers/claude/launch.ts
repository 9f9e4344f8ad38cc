import { readFileSync } from 'node:fs'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import type { AgentSpec } from '../../schema/agent.ts'
import type { Upstream } from '../../schema/config.ts'
import type { LaunchRequest, ProviderContext, ProviderLaunch } from '../contract.ts'
import { locateProgram } from '../locate-program.ts'
import { ClaudeOptions } from './options.ts'
import { ownFolder } from './own-folder.ts'

export const installHint =
  'Install it with `npm install -g @anthropic-ai/claude-code`, or set providers.claude.path in config.yaml.'

/**
 * Else it would answer a resumed session by the system prompt that the session began with, whatever
 * it is told now.
 */
export const freshPrompt = ['--system-prompt-snapshot', 'off'] as const

/** The program's absolute path; null when it is not installed. */
export function findClaude(
  context: Pick<ProviderContext, 'programPath' | 'env' | 'isElsewhere'>,
): string | null {
  return locateProgram({ name: 'claude', folder: '/' }, context)
}

/** argv of one run: headless, both ways stream-json. Errors: `program_not_found`. */
export function launchClaude(request: LaunchRequest): ProviderLaunch {
  return launchWith(request, () => ({ flags: speech }))
}

/** What a way of speaking to it adds to a launch; `settings` takes the place of the option's file. */
export interface SpeechParts {
  flags: readonly string[]
  files?: ProviderLaunch['files']
  settings?: string
  env?: Readonly<Record<string, string>>
}

/** What each launch has in common, with what one way of speaking adds. Errors: `program_not_found`. */
export function launchWith(
  request: LaunchRequest,
  speak: (options: ClaudeOptions) => SpeechParts,
): ProviderLaunch {
  const program = findClaude(request)
  if (!program) {
    throw new DroverError(
      'program_not_found',
      `provider: Claude Code was not found. ${installHint}`,
      {
        details: { field: 'provider', program: request.programPath ?? 'claude' },
      },
    )
  }
  const options = ClaudeOptions.parse(request.spec.options)
  const own = speak(options)
  const files = [...(own.files ?? [])]
  const asFile = (flag: string, name: string, content: string | null): string[] => {
    if (content === null) {
      return []
    }
    const file = path.join(request.stateFolder, name)
    files.push({ path: file, content })
    return [flag, file]
  }
  const argv: [string, ...string[]] = [
    program,
    ...own.flags,
    ...sessionFlags(request),
    ...asFile('--system-prompt-file', 'system-prompt.md', options.systemPrompt ?? null),
    ...asFile('--append-system-prompt-file', 'append-system-prompt.md', request.systemPrompt),
    ...optionFlags(request.spec, own.settings ? { ...options, settings: own.settings } : options),
    ...request.spec.args,
  ]
  return { argv, files, env: { ...claudeEnvironment(request, options), ...own.env } }
}

/** Both ways stream-json, its questions too. */
const speech = [
  '--print',
  '--verbose',
  '--input-format',
  'stream-json',
  '--output-format',
  'stream-json',
  '--include-partial-messages',
  '--permission-prompt-tool',
  'stdio',
  ...freshPrompt,
]

function sessionFlags({ resume, isFork, newSession }: LaunchRequest): string[] {
  if (resume === null) {
    return ['--session-id', newSession]
  }
  return isFork
    ? ['--resume', resume, '--fork-session', '--session-id', newSession]
    : ['--resume', resume]
}

function optionFlags(spec: AgentSpec, options: ClaudeOptions): string[] {
  const { fallbackModel } = options
  const list = (flag: string, values: readonly string[]): string[] =>
    values.length > 0 ? [flag, ...values] : []
  const one = (flag: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [flag, String(value)]
  return [
    ...one('--model', spec.model),
    ...one('--effort', spec.effort),
    ...one('--agent', spec.profile),
    ...one('--permission-mode', options.permissionMode),
    ...one('--max-turns', options.maxTurns),
    ...one(
      '--fallback-model',
      Array.isArray(fallbackModel) ? fallbackModel.join(',') : fallbackModel,
    ),
    ...one('--settings', options.settings),
    ...list('--add-dir', [...new Set([...spec.addDirs, ...options.addDirs])]),
    ...list('--allowed-tools', options.allowedTools),
    ...list('--disallowed-tools', options.disallowedTools),
    ...list('--mcp-config', options.mcpConfig),
  ]
}

/** What Claude Code reads from its environment. Source: its settings documentation, environment variables. */
function claudeEnvironment(
  request: LaunchRequest,
  { configDir, permissionMode }: ClaudeOptions,
): Record<string, string> {
  const { anthropic: upstream } = request.upstreams
  const folder = configDir ?? ownFolder(request)
  const isRoot = process.getuid?.() === 0
  return {
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    ...(folder === null ? {} : { CLAUDE_CONFIG_DIR: folder }),
    // It refuses to ask nobody where it could do anything, unless it is told that this is a sandbox.
    ...(permissionMode === 'bypassPermissions' && isRoot ? { IS_SANDBOX: '1' } : {}),
    ...(upstream
      ? { ANTHROPIC_BASE_URL: upstream.url, ANTHROPIC_API_KEY: upstreamKey(upstream) }
      : {}),
  }
}

/** An endpoint of one's own often takes any key, but the program insists on one. */
export function upstreamKey({ keyFile }: Upstream): string {
  if (!keyFile) {
    return 'drover-no-key'
  }
  try {
    return readFileSync(keyFile, 'utf8').trim()
  } catch (error) {
    throw new DroverError(
      'invalid_config',
      `gateway.upstreams.anthropic.keyFile: ${keyFile} can't be read.`,
      {
        details: { field: 'gateway.upstreams.anthropic.keyFile' },
        cause: error,
      },
    )
  }
}
