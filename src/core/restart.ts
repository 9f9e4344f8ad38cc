import type { ErrorClass } from '../schema/error-class.ts'
import type { RestartPolicy } from '../schema/lifecycle.ts'

/** The numbers of config's `restart`. */
export interface RestartLimits {
  backoffMs: number
  backoffMostMs: number
  healthyMs: number
  deaths: number
  windowMs: number
}

/** What an agent's programs died of so far; kept with the agent. */
export interface DeathHistory {
  /** Ends in a row without a healthy run between them. */
  attempts: number
  /** When its programs died, Unix ms, as far back as they count for a crash loop. */
  deaths: readonly number[]
}

/** The end of a run that nobody asked for. */
export interface RunDeath {
  now: number
  /** How long its program was up, ms. */
  livedMs: number
  /** It ended with code 0. */
  isSuccess: boolean
  /** The machine went down under it, or had no room for it: nothing its program did. */
  isMachineFault: boolean
  /** Class of the last failure that the program told of. */
  errorClass: ErrorClass | null
  /** When that failure may be tried again, Unix ms, where it was told; left out: nobody said. */
  retryAt?: number | null
  policy: RestartPolicy
  /** A random number from 0 up to 1, for the jitter. */
  random: number
}

export type DeathVerdict = DeathHistory & {
  /** `restart`: it comes up by itself. `rest`: a message brings it up. Neither before `notBefore`. */
  does: 'restart' | 'rest' | 'quarantine'
  notBefore: number | null
}

/** A failure that goes away by itself; an agent is not given up for it. */
const passing: ReadonlySet<ErrorClass> = new Set(['rate_limit', 'overloaded', 'network'])

/** A failure that stays until a person acts. */
const lasting: ReadonlySet<ErrorClass> = new Set(['auth', 'quota', 'config'])

/**
 * What follows from the end of a run. Deaths that come too often are a crash loop: the agent is
 * given up with its cause. A failure that no restart can mend is given up at once where it would be
 * restarted; one that passes is tried for as long as it takes, and never before the time it names.
 */
export function judgeDeath(
  history: DeathHistory,
  death: RunDeath,
  limits: RestartLimits,
): DeathVerdict {
  const { now, policy, errorClass } = death
  const wantsUp = policy === 'always' || (policy === 'on-failure' && !death.isSuccess)
  if (death.isSuccess && policy !== 'always') {
    return { attempts: 0, deaths: [], does: 'rest', notBefore: null }
  }
  const isHealthy = death.livedMs >= limits.healthyMs
  const attempts = isHealthy ? 1 : history.attempts + 1
  const isPassing = death.isMachineFault || (errorClass !== null && passing.has(errorClass))
  const counts = !death.isSuccess && !isPassing
  const deaths = [...(isHealthy ? [] : history.deaths), ...(counts ? [now] : [])].filter(
    (at) => at > now - limits.windowMs,
  )
  const isHopeless = wantsUp && !isPassing && errorClass !== null && lasting.has(errorClass)
  if (!death.isSuccess && (deaths.length >= limits.deaths || isHopeless)) {
    return { attempts, deaths, does: 'quarantine', notBefore: null }
  }
  const backoff = Math.floor(death.random * backoffMs(attempts, limits))
  // A message is somebody's own try; what comes up by itself waits for the time that was named.
  const retryAt = wantsUp && isPassing ? (death.retryAt ?? 0) : 0
  const notBefore = Math.max(now, retryAt) + backoff
  return { attempts, deaths, does: wantsUp ? 'restart' : 'rest', notBefore }
}

/** Longest wait before the n-th try, ms: doubled each time up to the most. Full jitter goes below it. */
export function backoffMs(
  attempt: number,
  { backoffMs: first, backoffMostMs }: RestartLimits,
): number {
  return Math.min(backoffMostMs, first * 2 ** Math.min(attempt - 1, 30))
}
