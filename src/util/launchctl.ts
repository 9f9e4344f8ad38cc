import { execFile, type ExecFileException } from 'node:child_process'

/** How a call of `launchctl` ended; `code` is null when it gave no answer in time, or could not be called. */
export interface LaunchctlResult {
  code: number | null
  stdout: string
  stderr: string
}

/** How long launchd may take for one answer, ms. */
const answerMs = 15_000

/**
 * What `launchctl` exits with. Source: launchctl(1) with `launchctl error CODE`, which names them;
 * they are the system's own numbers up to 106, and launchd's from 107 on.
 */
export const codes = {
  /** No such process: the service is not there. */
  noProcess: 3,
  /** Input/output error: it is there already, is on its way out, or its property list is none. */
  inputOutput: 5,
  /** Operation now in progress: it is on its way out. */
  inProgress: 36,
  /** Operation already in progress: it is on its way in. */
  alreadyInProgress: 37,
  noDomain: 112,
  noService: 113,
  /** The domain does not support the action: nobody is logged in there. */
  notSupported: 125,
} as const

/** `launchctl` and whose agents it has to do with. */
export class Launchctl {
  readonly uid: number
  readonly #program: string
  #domain: string | null = null

  constructor({ program, uid }: { program: string; uid: number }) {
    this.#program = program
    this.uid = uid
  }

  /** Rejects only when the signal aborts. */
  async call(
    args: readonly string[],
    { signal, deadlineMs = answerMs }: { signal: AbortSignal; deadlineMs?: number },
  ): Promise<LaunchctlResult> {
    signal.throwIfAborted()
    const { promise, resolve } = Promise.withResolvers<LaunchctlResult>()
    execFile(
      this.#program,
      args,
      {
        env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' },
        signal,
        timeout: deadlineMs,
        killSignal: 'SIGKILL',
        encoding: 'utf8',
        maxBuffer: 16 * 1024 * 1024,
      },
      (error: ExecFileException | null, stdout, stderr) =>
        resolve({ code: codeOf(error), stdout, stderr: stderr.trim() || (error?.message ?? '') }),
    )
    const result = await promise
    signal.throwIfAborted()
    return result
  }

  /**
   * Where services of ours belong: the user's login where somebody is logged in, else the user's
   * background domain; root's are the system's. Found out once; null where launchd gives no answer.
   */
  async domain(signal: AbortSignal): Promise<string | null> {
    if (this.#domain === null && this.uid !== 0) {
      const { code } = await this.call(['print', `gui/${this.uid}`], { signal })
      this.#domain = code === 0 ? `gui/${this.uid}` : code === null ? null : `user/${this.uid}`
    }
    return this.likelyDomain === 'system' ? 'system' : this.#domain
  }

  /** The domain as far as it was found out. */
  get likelyDomain(): string {
    return this.uid === 0 ? 'system' : (this.#domain ?? `gui/${this.uid}`)
  }

  /** Every domain in which services of ours can be. */
  get domains(): readonly string[] {
    return this.uid === 0 ? ['system'] : [`gui/${this.uid}`, `user/${this.uid}`]
  }
}

function codeOf(error: ExecFileException | null): number | null {
  if (!error) {
    return 0
  }
  return typeof error.code === 'number' ? error.code : null
}
