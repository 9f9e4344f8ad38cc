import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import type { Upstream } from '../../schema/config.ts'
import type { LaunchRequest, ProviderContext, ProviderLaunch } from '../contract.ts'
import { locateProgram } from '../locate-program.ts'
import { checkCodexSpec } from './check-spec.ts'
import { homeOf, loginIn, userFolder } from './login.ts'
import { unreadNotifications } from './notifications.ts'
import { CodexOptions } from './options.ts'
import {
  approvalPolicyOf,
  keyVariable,
  modelFor,
  sandboxOf,
  settingsFor,
  toArguments,
  toToml,
  upstreamName,
} from './settings.ts'
import { notification, request as encodeRequest, requestIds, type Fields } from './wire.ts'

export const installHint =
  'Install it with `npm install -g @openai/codex`, or set providers.codex.path in config.yaml.'

const execScript = fileURLToPath(new URL('exec-turns.sh', import.meta.url))

/** The program's absolute path; null when it is not installed. */
export function findCodex(
  context: Pick<ProviderContext, 'programPath' | 'env' | 'isElsewhere'>,
): string | null {
  return locateProgram({ name: 'codex', folder: '/' }, context)
}

/** What a run of Codex needs, however it is talked to. */
export interface PreparedCodex {
  program: string
  options: CodexOptions
  /** CODEX_HOME. */
  folder: string
  /** The folder is the agent's own. */
  isOwn: boolean
  /** Arguments for its end: those of the spec, and the settings where no file can have them. */
  more: string[]
  env: Record<string, string>
  files: { path: string; content: string }[]
}

/**
 * An agent has a CODEX_HOME of its own, whose config.toml is written at each start; a folder of the
 * person's keeps its file, and the settings are arguments. Errors: `program_not_found`,
 * `invalid_config`, `invalid_request`, `unsupported`.
 */
export function prepareCodex(request: LaunchRequest): PreparedCodex {
  const program = findCodex(request)
  if (!program) {
    throw new DroverError('program_not_found', `provider: Codex was not found. ${installHint}`, {
      details: { field: 'provider', program: request.programPath ?? 'codex' },
    })
  }
  const { args, options: wanted } = request.spec
  checkCodexSpec(request.spec)
  const options = CodexOptions.parse(wanted)
  const settings = settingsFor(request, options)
  const { folder, isOwn } = homeOf({ ...request, configDir: options.configDir })
  const { openai } = request.upstreams
  return {
    program,
    options,
    folder,
    isOwn,
    more: isOwn ? args : [...args, ...toArguments(settings)],
    env: {
      CODEX_HOME: folder,
      ...(openai?.keyFile ? { [keyVariable]: readKey(openai) } : {}),
    },
    files: isOwn
      ? [
          { path: path.join(folder, 'config.toml'), content: toToml(settings) },
          { path: path.join(folder, 'AGENTS.md'), content: request.systemPrompt ?? '' },
          ...loginFiles(request, folder),
        ]
      : [],
  }
}

/** argv, settings and greeting of one run over a protocol. Errors: those of `prepareCodex`. */
export function launchCodex(request: LaunchRequest): ProviderLaunch {
  const { program, options, isOwn, more, env, files } = prepareCodex(request)
  const place = { request, options, isOwn }
  return {
    ...(options.protocol === 'exec'
      ? { argv: execArguments(program, more, place) }
      : { argv: [program, 'app-server', ...more], input: greeting(place) }),
    env,
    files,
  }
}

interface Place {
  request: LaunchRequest
  options: CodexOptions
  /** The folder is the agent's own. */
  isOwn: boolean
}

/**
 * The first bytes of its input: who we are, and which thread. In its own folder it reads what it is
 * told of itself from AGENTS.md, anew in each run; elsewhere it gets that with a new thread, and
 * again with one that it goes on with.
 */
function greeting({ request, options, isOwn }: Place): string {
  const { spec, resume, isFork, systemPrompt, upstreams } = request
  const model = modelFor(request)
  const common: Fields = {
    cwd: spec.dir,
    approvalPolicy: approvalPolicyOf(options),
    sandbox: sandboxOf(options),
    ...(model === null ? {} : { model }),
    ...(upstreams.openai ? { modelProvider: upstreamName } : {}),
    ...(!isOwn && systemPrompt !== null ? { developerInstructions: systemPrompt } : {}),
  }
  const initialize = {
    clientInfo: { name: 'drover', title: 'Drover', version: '1' },
    // A model is changed in mid-run by a method that is still called experimental.
    capabilities: {
      experimentalApi: true,
      requestAttestation: false,
      optOutNotificationMethods: unreadNotifications,
    },
  }
  const hello = encodeRequest(requestIds.initialize, 'initialize', initialize)
  const opening = hello + notification('initialized')
  if (resume === null) {
    return opening + encodeRequest(requestIds.thread, 'thread/start', common)
  }
  const known = { ...common, threadId: resume, excludeTurns: true }
  if (isFork) {
    return opening + encodeRequest(requestIds.thread, 'thread/fork', known)
  }
  return isOwn || systemPrompt === null
    ? opening + encodeRequest(requestIds.thread, 'thread/resume', known)
    : opening +
        encodeRequest(requestIds.threadToInstruct, 'thread/resume', known) +
        instruct(resume, systemPrompt)
}

/**
 * A thread keeps the instructions that it began with; those of its mode can be changed, together with
 * the model, whose name only the thread's answer tells. The decoder sets that again.
 */
function instruct(thread: string, instructions: string): string {
  const settings = { model: '', reasoning_effort: null, developer_instructions: instructions }
  return encodeRequest(requestIds.instructions, 'thread/settings/update', {
    threadId: thread,
    collaborationMode: { mode: 'default', settings },
  })
}

/** The script that runs `codex exec` once for each turn; see there. */
function execArguments(
  program: string,
  more: readonly string[],
  { request, isOwn }: Place,
): [string, ...string[]] {
  const { resume, isFork, systemPrompt, spec } = request
  const instructions = isOwn ? [] : instructionArguments(systemPrompt)
  return [
    '/bin/sh',
    execScript,
    resume === null ? 'new' : isFork ? 'fork' : 'resume',
    resume ?? '',
    program,
    ...(spec.profile ? ['-p', spec.profile] : []),
    'exec',
    '--json',
    '--skip-git-repo-check',
    ...more,
    ...instructions,
  ]
}

/** What it is told of itself, where that can't be in a file. */
export function instructionArguments(systemPrompt: string | null): string[] {
  return systemPrompt === null
    ? []
    : ['-c', `developer_instructions=${JSON.stringify(systemPrompt)}`]
}

/** A key that `codex login` of the person keeps is the agent's too. */
function loginFiles(request: LaunchRequest, folder: string): { path: string; content: string }[] {
  const user = userFolder(request.env)
  if (request.upstreams.openai || loginIn(folder) === 'account' || loginIn(user) !== 'key') {
    return []
  }
  const content = readFileSync(path.join(user!, 'auth.json'), 'utf8')
  return [{ path: path.join(folder, 'auth.json'), content }]
}

function readKey({ keyFile }: Upstream): string {
  try {
    return readFileSync(keyFile!, 'utf8').trim()
  } catch (error) {
    throw new DroverError(
      'invalid_config',
      `gateway.upstreams.openai.keyFile: ${keyFile} can't be read.`,
      { details: { field: 'gateway.upstreams.openai.keyFile' }, cause: error },
    )
  }
}
