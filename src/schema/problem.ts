import { DroverError, isErrorCode, type ErrorDetails } from './error.ts'

/** RFC 9457 problem details, with our stable `code`, `hint` and `retryable`. */
export interface Problem {
  type: string
  title: string
  status: number
  code: string
  detail: string
  hint: string
  retryable: boolean
  details?: ErrorDetails
}

/** The problem+json body of an error. */
export function toProblem(error: DroverError): Problem {
  const { status, hint, retryable } = error.row
  const title = error.code.replaceAll('_', ' ')
  return {
    type: `urn:drover:error:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    hint,
    retryable,
    ...(Object.keys(error.details).length > 0 ? { details: error.details } : {}),
  }
}

/** The error that a problem+json body describes; an unknown code becomes `internal`. */
export function fromProblem(problem: Partial<Problem>): DroverError {
  const code = isErrorCode(problem.code) ? problem.code : 'internal'
  const message =
    problem.detail ?? problem.title ?? 'The daemon answered with an error it did not describe.'
  return new DroverError(code, message, problem.details ? { details: problem.details } : {})
}
