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
}

export interface GitAnswer {
  isOk: boolean
  stdout: string
  /** The last line that it said on stderr, without its prefix. */
  problem: string
}

/** Nothing of the repository is run by us: no hook, no watcher; and nothing is asked of a person. */
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
  { folder, deadlineMs = gitAskMs, signal = ending, env = {} }: GitCall,
): Promise<GitAnswer> {
  const program = findProgram('git', { searchPath: baseEnvironment['PATH'] ?? '', folder: '/' })
  if (!program) {
    throw new DroverError('program_not_found', 'worktree: git was not found on PATH.', {
      details: { field: 'worktree', program: 'git' },
    })
  }
  const options = {
    cwd: '/',
    env: { ...withoutPlaces(baseEnvironment), ...hygiene, ...env },
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

function lastLine(text: string): string {
  const lines = text.trim().split('\n')
  const said = lines.findLast((line) => /^(fatal|error): /.test(line)) ?? lines.at(-1) ?? ''
  return said.replace(/^(fatal|error): /, '').replace(/\.$/, '')
}
