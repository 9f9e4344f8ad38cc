import { errorTable, type ErrorRow } from './error-table.ts'

export type ErrorCode = keyof typeof errorTable

/** True for the codes of the table; anything else came from a newer or foreign server. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code)
}

/** Structured facts about an error: the field it is about, the value refused, the limit passed. */
export type ErrorDetails = Record<string, unknown> & { field?: string }

/** The one error that Drover throws on purpose. `message` names the field; the table has the hint. */
export class DroverError extends Error {
  override readonly name = 'DroverError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }

  get row(): ErrorRow {
    return errorTable[this.code]
  }
}

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
