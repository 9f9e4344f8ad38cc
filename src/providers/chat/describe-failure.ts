import { classifyError, type FailureReport } from '../classify-error.ts'
import type { ModelFailure } from './model.ts'

/** A refused request as a failure: what the endpoint says, in one line. */
export function describeRefusal(
  refusal: FailureReport & { status: number },
  title: string,
  now: number,
): ModelFailure {
  const said = endpointMessage(refusal.text ?? '')
  const answered = `${title} answered ${refusal.status}`
  return failure(refusal, said ? `${answered}: ${said}` : answered, now)
}

/** An answer that broke off with an error in its midst; one of no known class is the endpoint's own trouble. */
export function describeBreak(text: string, title: string, now: number): ModelFailure {
  const message = `${title} broke off: ${endpointMessage(text)}`
  const broken = failure({ text }, message, now)
  return broken.class === 'unknown' ? { ...broken, class: 'overloaded' } : broken
}

function failure(report: FailureReport, message: string, now: number): ModelFailure {
  const { class: errorClass, retryAt } = classifyError(report, now)
  const until = retryAt === null ? {} : { until: retryAt }
  return { kind: 'failure', class: errorClass, message, ...until }
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
