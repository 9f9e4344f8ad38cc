import type { ErrorClass } from '../contract.ts'
import type { ModelFailure } from './model.ts'

const quotaWords = /insufficient_quota|billing|credit balance|quota/i
const overloadedStatuses = new Set([500, 502, 503, 504, 520, 522, 524, 529])

/** The class of an answer that is not 200, from its status and body. */
export function classifyStatus(status: number, body: string): ErrorClass {
  if (status === 401 || status === 403) {
    return 'auth'
  }
  if (status === 402) {
    return 'quota'
  }
  if (status === 429) {
    return quotaWords.test(body) ? 'quota' : 'rate_limit'
  }
  if (status === 408) {
    return 'network'
  }
  if (overloadedStatuses.has(status)) {
    return 'overloaded'
  }
  return status >= 300 && status < 500 ? 'config' : 'unknown'
}

/** A refused request as a failure: what the endpoint says, in one line. */
export function describeRefusal(status: number, body: string, title: string): ModelFailure {
  const said = endpointMessage(body)
  return {
    kind: 'failure',
    class: classifyStatus(status, body),
    message: `${title} answered ${status}${said ? `: ${said}` : ''}`,
  }
}

/** When to try again, Unix ms, from seconds or a date; null when it says neither. Source: RFC 9110, 10.2.3. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (header === null || header.trim() === '') {
    return null
  }
  const at = /^\s*\d+\s*$/.test(header) ? now + Number(header) * 1000 : Date.parse(header)
  return Number.isFinite(at) ? at : null
}

/** The sentence in an endpoint's error body. */
export function endpointMessage(body: string): string {
  let said = body
  try {
    const value = JSON.parse(body) as {
      error?: { message?: unknown } | string
      message?: unknown
    } | null
    const error = value?.error
    const message = typeof error === 'string' ? error : (error?.message ?? value?.message)
    said = typeof message === 'string' ? message : body
  } catch {
    // Not JSON: a proxy's own page; its beginning will do.
  }
  return said.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
}
