import { callProgram, type CallResult } from './call-program.ts'

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
    { signal, deadlineMs = answerMs }: { signal?: AbortSignal; deadlineMs?: number } = {},
  ): Promise<CallResult> {
    const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' }
    return await callProgram([this.#program, ...args], {
      env,
      deadlineMs,
      ...(signal ? { signal } : {}),
    })
  }

  /**
   * Where services of ours belong: the user's login where somebody is logged in, else the user's
   * background domain; root's are the system's. Found out once; null where launchd gives no answer.
   */
  async domain(signal?: AbortSignal): Promise<string | null> {
    if (this.#domain === null && this.uid !== 0) {
      const { code } = await this.call(['print', `gui/${this.uid}`], signal ? { signal } : {})
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
