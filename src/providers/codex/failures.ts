import { classifyError } from '../classify-error.ts'
import type { ErrorClass } from '../contract.ts'
import { fieldsOf, textOf, type Fields } from './wire.ts'

export interface CodexFailure {
  class: ErrorClass
  message: string
  /** Not before, Unix ms; null where nobody says. */
  retryAt: number | null
}

/** What `codexErrorInfo` says by itself; the rest follows from the status and the words. */
const classOfInfo: Readonly<Record<string, ErrorClass>> = {
  contextWindowExceeded: 'config',
  sessionBudgetExceeded: 'quota',
  rateLimitExceeded: 'rate_limit',
  flexUnavailable: 'overloaded',
  serverOverloaded: 'overloaded',
  policyCapacityUnavailable: 'overloaded',
  internalServerError: 'overloaded',
  modelNotFound: 'config',
  unauthorized: 'auth',
  badRequest: 'config',
  threadRollbackFailed: 'config',
  activeTurnNotSteerable: 'config',
}

/** An error of a turn, with its class. `limitEndsAt`: when the account's limit is over, as it was told last. */
export function readFailure(error: unknown, now: number, limitEndsAt: number | null): CodexFailure {
  const fields = fieldsOf(error)
  const { code, status } = readInfo(fields['codexErrorInfo'])
  const details = textOf(fields['additionalDetails'])
  const message = quotedMessage(textOf(fields['message'])) || 'Codex failed and did not say why'
  const found = classifyError(
    { code, status, text: `${textOf(fields['message'])} ${details}` },
    now,
  )
  const retryAt = found.retryAt ?? (isLimit(code) ? limitEndsAt : null)
  if (code === 'usageLimitExceeded') {
    return { class: retryAt === null ? 'quota' : 'rate_limit', message, retryAt }
  }
  return { class: (status === null && classOfInfo[code ?? '']) || found.class, message, retryAt }
}

/** Whether the account's limit is what it failed by. */
function isLimit(code: string | null): boolean {
  return code === 'usageLimitExceeded' || code === 'rateLimitExceeded'
}

/** `"unauthorized"`, or `{"httpConnectionFailed": {"httpStatusCode": 401}}`. */
function readInfo(info: unknown): { code: string | null; status: number | null } {
  if (typeof info === 'string') {
    return { code: info === 'other' ? null : info, status: null }
  }
  const [code = null, value] = Object.entries(fieldsOf(info))[0] ?? []
  const status = fieldsOf(value)['httpStatusCode']
  return { code, status: typeof status === 'number' ? status : null }
}

/** It passes the body of an answer on as it came; the sentence in it is what a person can use. */
function quotedMessage(text: string): string {
  if (!text.startsWith('{')) {
    return text
  }
  try {
    const body = JSON.parse(text) as Fields
    return textOf(fieldsOf(body['error'])['message']) || textOf(body['message']) || text
  } catch {
    return text
  }
}

/**
 * When the limits of an account that are used up are over, Unix ms; null when none is, or nobody
 * says. `resetsAt` is in seconds.
 */
export function limitedUntil(snapshot: unknown): number | null {
  const fields = fieldsOf(snapshot)
  const isReached = typeof fields['rateLimitReachedType'] === 'string'
  const windows = [fields['primary'], fields['secondary']].flatMap((window) => {
    const { resetsAt, usedPercent } = fieldsOf(window)
    const at = Math.round(Number(resetsAt) * 1000)
    return Number.isSafeInteger(at) && at > 0 ? [{ at, isUsedUp: Number(usedPercent) >= 100 }] : []
  })
  const usedUp = windows.filter(({ isUsedUp }) => isUsedUp)
  const counted = usedUp.length > 0 || !isReached ? usedUp : windows
  return counted.length === 0 ? null : Math.max(...counted.map(({ at }) => at))
}

/** How much of an account's limits is used, in a line; null where it does not say. */
export function usedLimits(snapshot: unknown): string | null {
  const fields = fieldsOf(snapshot)
  const parts = [fields['primary'], fields['secondary']].flatMap((window) => {
    const { usedPercent, windowDurationMins } = fieldsOf(window)
    const span = typeof windowDurationMins === 'number' ? ` of ${windowDurationMins / 60} h` : ''
    return typeof usedPercent === 'number' ? [`${Math.round(usedPercent)} %${span}`] : []
  })
  return parts.length > 0 ? `used: ${parts.join(', ')}` : null
}
