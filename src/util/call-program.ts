import { execFile, type ExecFileException } from 'node:child_process'

/** How a called program ended; `code` is null when it gave no answer in time, or could not be called. */
export interface CallResult {
  code: number | null
  stdout: string
  /** What it said of a failure, or what the system did. */
  stderr: string
}

export interface CallOptions {
  env: Readonly<Record<string, string | undefined>>
  /** What it is told on its standard input; left out: nothing, and that stays open. */
  input?: string
  /** Then it is killed, ms. */
  deadlineMs: number
  signal?: AbortSignal
}

/** One call of a program to its end. Rejects only when the signal aborts. */
export async function callProgram(
  [program, ...args]: readonly [string, ...string[]],
  { env, input, deadlineMs, signal }: CallOptions,
): Promise<CallResult> {
  signal?.throwIfAborted()
  const { promise, resolve } = Promise.withResolvers<CallResult>()
  const child = execFile(
    program,
    args,
    {
      env,
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
      maxBuffer: 16 * 1024 * 1024,
      ...(signal ? { signal } : {}),
    },
    (error: ExecFileException | null, stdout, stderr) =>
      resolve({ code: codeOf(error), stdout, stderr: stderr.trim() || (error?.message ?? '') }),
  )
  if (input !== undefined) {
    // It may end without reading it.
    child.stdin?.on('error', () => {}).end(input)
  }
  const result = await promise
  signal?.throwIfAborted()
  return result
}

function codeOf(error: ExecFileException | null): number | null {
  if (!error) {
    return 0
  }
  return typeof error.code === 'number' ? error.code : null
}
