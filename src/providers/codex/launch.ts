import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import type { Upstream } from '../../schema/config.ts'
import { findProgram } from '../../util/find-program.ts'
import type { LaunchRequest, ProviderContext, ProviderLaunch } from '../contract.ts'
import { loginIn, ownFolder, userFolder } from './login.ts'
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
export function findCodex({
  programPath,
  env,
}: Pick<ProviderContext, 'programPath' | 'env'>): string | null {
  return findProgram(programPath ?? 'codex', { searchPath: env['PATH'] ?? '', folder: '/' })
}

/**
 * argv, settings and greeting of one run. An agent has a CODEX_HOME of its own, whose config.toml is
 * written at each start; a folder that the person names keeps its file, and the settings are
 * arguments. Errors: `program_not_found`, `invalid_config`.
 */
export function launchCodex(request: LaunchRequest): ProviderLaunch {
  const program = findCodex(request)
  if (!program) {
    throw new DroverError('program_not_found', `provider: Codex was not found. ${installHint}`, {
      details: { field: 'provider', program: request.programPath ?? 'codex' },
    })
  }
  const options = CodexOptions.parse(request.spec.options)
  const settings = settingsFor(request, options)
  const isOwn = options.configDir === undefined
  const folder = options.configDir ?? ownFolder(request.stateFolder)
  const { openai } = request.upstreams
  const place = { request, options }
  const more = isOwn ? options.args : [...options.args, ...toArguments(settings)]
  return {
    ...(options.protocol === 'exec'
      ? { argv: execArguments(program, more, place) }
      : { argv: [program, 'app-server', ...more], input: greeting(place) }),
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

interface Place {
  request: LaunchRequest
  options: CodexOptions
}

/**
 * The first bytes of its input: who we are, and which thread. In its own folder it reads what it is
 * told of itself from AGENTS.md, anew in each run; elsewhere it gets that with a new thread, and
 * keeps it.
 */
function greeting({ request, options }: Place): string {
  const { spec, resume, isFork, systemPrompt, upstreams } = request
  const model = modelFor(request)
  const common: Fields = {
    cwd: spec.dir,
    approvalPolicy: approvalPolicyOf(options),
    sandbox: sandboxOf(options),
    ...(model === null ? {} : { model }),
    ...(upstreams.openai ? { modelProvider: upstreamName } : {}),
    ...(options.configDir !== undefined && systemPrompt !== null
      ? { developerInstructions: systemPrompt }
      : {}),
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
  const method = isFork ? 'thread/fork' : 'thread/resume'
  return [
    encodeRequest(requestIds.initialize, 'initialize', initialize),
    notification('initialized'),
    resume === null
      ? encodeRequest(requestIds.thread, 'thread/start', common)
      : encodeRequest(requestIds.thread, method, {
          ...common,
          threadId: resume,
          excludeTurns: true,
        }),
  ].join('')
}

/** The script that runs `codex exec` once for each turn; see there. */
function execArguments(
  program: string,
  more: readonly string[],
  { request, options }: Place,
): [string, ...string[]] {
  const { resume, isFork, systemPrompt } = request
  const instructions =
    options.configDir !== undefined && systemPrompt !== null
      ? ['-c', `developer_instructions=${JSON.stringify(systemPrompt)}`]
      : []
  return [
    '/bin/sh',
    execScript,
    resume === null ? 'new' : isFork ? 'fork' : 'resume',
    resume ?? '',
    program,
    ...(options.profile ? ['-p', options.profile] : []),
    'exec',
    '--json',
    '--skip-git-repo-check',
    ...more,
    ...instructions,
  ]
}

/** A key that `codex login` keeps is the agent's too; an account is not: its tokens change with use, and one copy would lock the other out. */
function loginFiles(request: LaunchRequest, folder: string): { path: string; content: string }[] {
  const user = userFolder(request.env)
  const [login, own] = [loginIn(user), loginIn(folder)]
  if (request.upstreams.openai || own === 'account' || user === null || login === null) {
    return []
  }
  if (login === 'key') {
    const content = readFileSync(path.join(user, 'auth.json'), 'utf8')
    return [{ path: path.join(folder, 'auth.json'), content }]
  }
  if (own === 'key') {
    return []
  }
  throw new DroverError(
    'invalid_config',
    `options.configDir: Codex is logged in to an account in ${user}, and such a login can't be copied. Let the agent use that folder: --option configDir=${user}.`,
    { details: { field: 'options.configDir' } },
  )
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
