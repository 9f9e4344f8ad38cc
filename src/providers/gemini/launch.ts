import path from 'node:path'
import type { Upstream } from '../../schema/config.ts'
import { DroverError } from '../../schema/error.ts'
import { extraArguments } from '../acp/extra-arguments.ts'
import { greet } from '../acp/provider-parts.ts'
import { readUpstreamKey } from '../acp/upstream-key.ts'
import type { LaunchRequest, ProviderContext, ProviderLaunch } from '../contract.ts'
import { locateProgram } from '../locate-program.ts'
import { GeminiOptions } from './options.ts'
import { copyOfSession } from './session-copy.ts'

export const installHint =
  'Install it with `npm install -g @google/gemini-cli`, or set providers.gemini.path in config.yaml.'

/** Flags of Gemini CLI that Drover gives itself, or that make it something else than an ACP program. */
const ownFlags = [
  '--acp',
  '--experimental-acp',
  '--skip-trust',
  '--model',
  '-m',
  '--approval-mode',
  '--yolo',
  '-y',
  '--include-directories',
  '--prompt',
  '-p',
  '--prompt-interactive',
  '-i',
  '--output-format',
  '-o',
  '--resume',
  '-r',
  '--session-id',
  '--session-file',
  '--list-sessions',
  '--delete-session',
  '--list-extensions',
  '-l',
  '--worktree',
  '-w',
  '--help',
  '-h',
  '--version',
  '-v',
]

/** A file of context beside its own, in which it keeps what it is asked to remember. */
const promptFileName = 'drover-instructions.md'

/** The program's absolute path; null when it is not installed. */
export function findGemini(
  context: Pick<ProviderContext, 'programPath' | 'env' | 'isElsewhere'>,
): string | null {
  return locateProgram({ name: 'gemini', folder: '/' }, context)
}

/** The folder that Gemini CLI takes for the home; its own is `.gemini` below it. */
export function geminiHome(stateFolder: string, { configDir }: GeminiOptions): string {
  return configDir ?? path.join(stateFolder, 'gemini-home')
}

/** What a run of Gemini CLI needs, however it is talked to. */
export interface PreparedGemini {
  program: string
  /** Its own folder, with settings and sessions. */
  own: string
  flags: readonly string[]
  env: Record<string, string>
  files: { path: string; content: string }[]
  /** A copy of the session that it goes on with, to be written first. */
  copy: { path: string; content: string } | null
  /** It is told of itself by a file. */
  isPromptTold: boolean
}

/** `more` are settings beside those that every run has. Errors: `program_not_found`, `invalid_config`. */
export function prepareGemini(request: LaunchRequest, more: object = {}): PreparedGemini {
  const program = findGemini(request)
  if (!program) {
    throw new DroverError(
      'program_not_found',
      `provider: Gemini CLI was not found. ${installHint}`,
      {
        details: { field: 'provider', program: request.programPath ?? 'gemini' },
      },
    )
  }
  const { spec, stateFolder, systemPrompt, upstreams, resume } = request
  const options = GeminiOptions.parse(spec.options)
  const home = geminiHome(stateFolder, options)
  const own = path.join(home, '.gemini')
  const isOwn = options.configDir === undefined
  // In an account's folder nothing is written: what is the system's counts for more than what is there.
  const settingsFile = isOwn
    ? path.join(own, 'settings.json')
    : path.join(stateFolder, 'gemini-settings.json')
  const isPromptTold = isOwn && systemPrompt !== null
  const copy = resume === null ? null : copyOfSession(own, resume)
  const all = { ...settings(upstreams.gemini), ...more }
  return {
    program,
    own,
    flags: ['--skip-trust', ...flags(request, options)],
    env: {
      GEMINI_CLI_HOME: home,
      GEMINI_CLI_NO_RELAUNCH: 'true',
      ...(isOwn ? {} : { GEMINI_CLI_SYSTEM_SETTINGS_PATH: settingsFile }),
      ...(upstreams.gemini ? endpoint(upstreams.gemini) : {}),
    },
    files: [
      { path: settingsFile, content: `${JSON.stringify(all, null, 2)}\n` },
      ...(isPromptTold ? [{ path: path.join(own, promptFileName), content: systemPrompt }] : []),
      ...(copy ? [copy] : []),
    ],
    copy,
    isPromptTold,
  }
}

/** Errors: `program_not_found`, `invalid_config`. */
export function launchGemini(request: LaunchRequest): ProviderLaunch {
  const { program, flags: given, env, files, isPromptTold } = prepareGemini(request)
  return {
    argv: [program, '--acp', ...given],
    env,
    files,
    input: greet(request, { isPromptTold }),
  }
}

function flags({ spec, upstreams }: LaunchRequest, options: GeminiOptions): string[] {
  const model = spec.model ?? upstreams.gemini?.model
  return [
    ...(model === undefined ? [] : ['--model', model]),
    ...(options.approvalMode === undefined ? [] : ['--approval-mode', options.approvalMode]),
    ...spec.addDirs.flatMap((dir) => ['--include-directories', dir]),
    ...extraArguments(spec.args, ownFlags),
  ]
}

/**
 * It says nothing while it tries a failed request again, ten times over some minutes. So many are
 * done in a minute and a half, and then it says what was wrong.
 */
const mostAttempts = 5

/**
 * It cleans up sessions by the beginning of their ids, and takes what a load leaves behind for a
 * broken one: with it goes the conversation. So it must not clean up at all.
 */
function settings(upstream: Upstream | undefined): object {
  return {
    general: {
      sessionRetention: { enabled: false },
      maxAttempts: mostAttempts,
      enableAutoUpdate: false,
      enableAutoUpdateNotification: false,
    },
    privacy: { usageStatisticsEnabled: false },
    telemetry: { enabled: false },
    context: { fileName: ['GEMINI.md', promptFileName] },
    ...(upstream ? { security: { auth: { selectedType: 'gemini-api-key' } } } : {}),
  }
}

function endpoint(upstream: Upstream): Record<string, string> {
  return {
    GOOGLE_GEMINI_BASE_URL: upstream.url,
    GEMINI_API_KEY: readUpstreamKey('gemini', upstream),
  }
}
