import { readFileSync } from 'node:fs'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import type { Upstream } from '../../schema/config.ts'
import { findProgram } from '../../util/find-program.ts'
import type { LaunchRequest, ProviderContext, ProviderLaunch } from '../contract.ts'
import { ClaudeOptions } from './options.ts'

export const installHint =
  'Install it with `npm install -g @anthropic-ai/claude-code`, or set providers.claude.path in config.yaml.'

/** The program's absolute path; null when it is not installed. */
export function findClaude({
  programPath,
  env,
}: Pick<ProviderContext, 'programPath' | 'env'>): string | null {
  return findProgram(programPath ?? 'claude', { searchPath: env['PATH'] ?? '', folder: '/' })
}

/** argv of one run: headless, both ways stream-json. Errors: `program_not_found`. */
export function launchClaude(request: LaunchRequest): ProviderLaunch {
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
  const { spec } = request
  const options = ClaudeOptions.parse(spec.options)
  const argv: [string, ...string[]] = [
    program,
    '--print',
    '--verbose',
    '--input-format',
    'stream-json',
    '--output-format',
    'stream-json',
    '--include-partial-messages',
    ...(request.resume ? ['--resume', request.resume] : ['--session-id', request.newSession]),
    ...(spec.model ? ['--model', spec.model] : []),
    ...(spec.effort ? ['--effort', spec.effort] : []),
    ...(spec.profile ? ['--agent', spec.profile] : []),
    ...(options.permissionMode ? ['--permission-mode', options.permissionMode] : []),
    ...(options.maxTurns ? ['--max-turns', String(options.maxTurns)] : []),
    ...addDirArguments([...spec.addDirs, ...options.addDirs]),
    ...(options.allowedTools.length > 0 ? ['--allowed-tools', ...options.allowedTools] : []),
  ]
  const files: { path: string; content: string }[] = []
  if (request.systemPrompt !== null) {
    const file = path.join(request.stateFolder, 'claude-prompt.md')
    files.push({ path: file, content: request.systemPrompt })
    argv.push('--append-system-prompt-file', file)
  }
  argv.push(...spec.args)
  return { argv, files, env: claudeEnvironment(options, request.upstreams.anthropic) }
}

function addDirArguments(dirs: readonly string[]): string[] {
  return dirs.length > 0 ? ['--add-dir', ...new Set(dirs)] : []
}

/** What Claude Code reads from its environment. Source: its settings documentation, environment variables. */
function claudeEnvironment(
  options: ClaudeOptions,
  upstream: Upstream | undefined,
): Record<string, string> {
  return {
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    ...(options.configDir ? { CLAUDE_CONFIG_DIR: options.configDir } : {}),
    ...(options.permissionMode === 'bypassPermissions' ? { IS_SANDBOX: '1' } : {}),
    ...(upstream
      ? { ANTHROPIC_BASE_URL: upstream.url, ANTHROPIC_API_KEY: upstreamKey(upstream) }
      : {}),
  }
}

/** An endpoint of one's own often takes any key, but the program insists on one. */
function upstreamKey({ keyFile }: Upstream): string {
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
