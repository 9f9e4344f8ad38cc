import { execFile } from 'node:child_process'
import { DroverError } from '../schema/error.ts'
import { findProgram } from '../util/find-program.ts'
import type { DaemonContext } from './context.ts'

/** How long a question to git may take, and work that writes many files, ms. */
export const gitAskMs = 30_000
export const gitWorkMs = 200_000

/** Most that is read of what git says, bytes. */
const mostOutput = 64 * 1024 * 1024

export interface GitCall {
  /** Folder that git is about. */
  folder: string
  deadlineMs?: number
  signal?: AbortSignal
  /** On top of the agents' environment. */
  env?: Readonly<Record<string, string>>
  /**
   * The repository's own filters are run, and what a partial clone lacks is fetched, as a person's git
   * does. Only where no program in a container had a hand in the repository.
   */
  isTrusting?: boolean
}

export interface GitAnswer {
  isOk: boolean
  stdout: string
  /** The last line that it said on stderr, without its prefix. */
  problem: string
}

/**
 * Nothing of the repository is run by us: no hook, no watcher; and nothing is asked of a person. Whoever
 * can write to a repository can name commands in its config, and an agent in a container would be out
 * of it by them. So what reads files of a worktree has the filters of `filtersOff`, too.
 */
const quiet = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'gc.auto=0',
  '-c',
  'submodule.recurse=false',
]

/**
 * Runs git with these arguments, and waits for no longer than it may take. It gets what agents get
 * of the environment, without what would make it look elsewhere. Errors: `program_not_found`
 * without git; `timeout`; that it refused is an answer.
 */
export async function runGit(
  { baseEnvironment, signal: ending }: Pick<DaemonContext, 'baseEnvironment' | 'signal'>,
  args: readonly string[],
  { folder, deadlineMs = gitAskMs, signal = ending, env = {}, isTrusting = false }: GitCall,
): Promise<GitAnswer> {
  const program = findProgram('git', { searchPath: baseEnvironment['PATH'] ?? '', folder: '/' })
  if (!program) {
    throw new DroverError('program_not_found', 'worktree: git was not found on PATH.', {
      details: { field: 'worktree', program: 'git' },
    })
  }
  const options = {
    cwd: '/',
    env: {
      ...withoutPlaces(baseEnvironment),
      ...hygiene,
      ...(isTrusting ? {} : offline),
      ...env,
    },
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
    maxBuffer: mostOutput,
    signal,
    encoding: 'utf8',
  } as const
  return await new Promise((resolve, reject) => {
    execFile(program, ['-C', folder, ...quiet, ...args], options, (error, stdout, stderr) => {
      if (error?.killed === true || error?.name === 'AbortError') {
        const what = `git ${args[0] ?? ''} in ${folder} did not end in time`
        reject(new DroverError('timeout', `worktree: ${what}.`, { cause: error }))
      } else {
        resolve({ isOk: !error, stdout, problem: lastLine(stderr) || (error?.message ?? '') })
      }
    })
  })
}

/** Variables that would make git look elsewhere. Source: `git rev-parse --local-env-vars`. */
const places =
  /^GIT_(ALTERNATE_OBJECT_DIRECTORIES|CONFIG|CONFIG_PARAMETERS|CONFIG_COUNT|OBJECT_DIRECTORY|DIR|WORK_TREE|IMPLICIT_WORK_TREE|GRAFT_FILE|INDEX_FILE|NO_REPLACE_OBJECTS|REPLACE_REF_BASE|PREFIX|SHALLOW_FILE|COMMON_DIR|NAMESPACE|CEILING_DIRECTORIES)$/

function withoutPlaces(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !places.test(name)))
}

/** One language, no prompts, no lock that a person's own git would meet. */
const hygiene = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  SSH_ASKPASS: '/bin/false',
  GIT_OPTIONAL_LOCKS: '0',
} as const

/** What a partial clone lacks is fetched by commands that its config names, and by any helper. Source: git(1). */
const offline = { GIT_ALLOW_PROTOCOL: '', GIT_NO_LAZY_FETCH: '1' } as const

/**
 * The environment in which no filter that the config of a folder has is run. Its names go as they are,
 * for one may have any character. Source: gitattributes(5), git-config(1).
 */
export async function filtersOff(
  context: Pick<DaemonContext, 'baseEnvironment' | 'signal'>,
  call: GitCall,
): Promise<Record<string, string>> {
  const list = ['config', '--includes', '-z', '--name-only', '--get-regexp', '^filter\\.']
  const { stdout } = await runGit(context, list, call)
  const names = stdout.split('\0').flatMap((name) => /^(filter\..*)\.[^.]*$/s.exec(name)?.[1] ?? [])
  const settings = [...new Set(names)].flatMap((name) => [
    [`${name}.clean`, ''],
    [`${name}.smudge`, ''],
    [`${name}.process`, ''],
    [`${name}.required`, 'false'],
  ])
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(settings.length)],
    ...settings.flatMap(([key = '', value = ''], at) => [
      [`GIT_CONFIG_KEY_${at}`, key],
      [`GIT_CONFIG_VALUE_${at}`, value],
    ]),
  ]) as Record<string, string>
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n')
  const said = lines.findLast((line) => /^(fatal|error): /.test(line)) ?? lines.at(-1) ?? ''
  return said.replace(/^(fatal|error): /, '').replace(/\.$/, '')
}
