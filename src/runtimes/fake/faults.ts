/** Everything a FakeRuntime can be told to do wrong. */
export type Fault =
  /** Nothing is brought up. */
  | 'start-throws'
  /** Nothing is brought up, and no answer comes until the call is aborted. */
  | 'start-hangs'
  /** The program is up, but the caller hears of a failure. */
  | 'start-loses-answer'
  | 'inspect-unknown'
  | 'recover-unknown'
  /** No answer comes until the call is aborted; nothing is touched. */
  | 'inspect-hangs'
  | 'recover-hangs'
  | 'destroy-hangs'
  | 'list-hangs'
  /** No process is touched. */
  | 'stop-throws'
  /** No process is touched, and no answer comes until the call is aborted. */
  | 'stop-hangs'
  | 'destroy-throws'
  | 'list-throws'
  /** It stays as it is, and that is for good: `suspend_failed`, `resume_failed`. */
  | 'suspend-throws'
  | 'resume-throws'
  /** It stays as it is, and no answer comes until the call is aborted. */
  | 'suspend-hangs'
  | 'resume-hangs'
  /** It is done, and no answer comes until the call is aborted. */
  | 'suspend-loses-answer'
  | 'resume-loses-answer'

/** The faults that lie ahead. */
export class FakeFaults {
  readonly #armed = new Map<Fault, number>()

  /** The next `times` calls go wrong so; Infinity until `disarm`. */
  arm(fault: Fault, times = 1): void {
    this.#armed.set(fault, times)
  }

  disarm(fault: Fault): void {
    this.#armed.delete(fault)
  }

  /** Whether this call goes wrong so; uses one of the armed times up. */
  take(fault: Fault): boolean {
    const times = this.#armed.get(fault) ?? 0
    if (times <= 1) {
      this.#armed.delete(fault)
    } else {
      this.#armed.set(fault, times - 1)
    }
    return times > 0
  }
}
