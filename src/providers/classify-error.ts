import type { ErrorClass } from '../schema/error-class.ts'
import { findRetryTime, parseRetryAfter } from './retry-time.ts'

/** What is known of a failure; whatever a program or an endpoint does not say is left out. */
export interface FailureReport {
  /** HTTP status. */
  status?: number | null
  /** The provider's own type or code: `overloaded_error`, `insufficient_quota`, `RESOURCE_EXHAUSTED`; or the system's: `ECONNREFUSED`. */
  code?: string | null
  /** What it says: a sentence, or the whole body of the answer. */
  text?: string | null
  /** The header of that name. */
  retryAfter?: string | null
}

export interface ClassifiedError {
  class: ErrorClass
  /** When it may be tried again, Unix ms; null where nobody says. */
  retryAt: number | null
}

/**
 * The class of a failure of a model API, the same for every provider. Sure words come first, since
 * an account without money is 400, 402, 403 or 429 as the provider likes; then the status, then what
 * else is said. A plan that is used up until a known time is `rate_limit`: it passes. One without a
 * time is `quota`: nobody knows that it does. What nothing is known of is `unknown`, never a guess.
 * Sources: Anthropic "Errors", OpenAI "Error codes", Google google.rpc.Code and RetryInfo, Ollama's server.
 */
export function classifyError(report: FailureReport, now: number): ClassifiedError {
  const text = (report.text ?? '').slice(0, longestRead)
  const retryAt = parseRetryAfter(report.retryAfter ?? null, now) ?? findRetryTime(text, now)
  const found = classOf(report, text)
  return found === 'used-up'
    ? { class: retryAt === null ? 'quota' : 'rate_limit', retryAt }
    : { class: found, retryAt }
}

/** So much of what is said is looked at, characters. */
const longestRead = 32 * 1024

/** `used-up`: a plan's allowance, which comes back where a time is told. */
type Finding = ErrorClass | 'used-up'

function classOf({ status = null, code = null }: FailureReport, text: string): Finding {
  const codes = [code, ...embeddedCodes(text)].filter((each) => each !== null)
  const sure = codes.map((each) => sureCodes.get(normalise(each))).find(Boolean)
  if (sure) {
    return sure
  }
  const number = status ?? embeddedStatus(text)
  if (number === null || sureWordStatuses.has(number)) {
    const found = match(sureWords, text)
    if (found) {
      return found
    }
  }
  return (
    (number === null ? null : classOfStatus(number)) ??
    codes.map((each) => softCodes.get(normalise(each))).find(Boolean) ??
    match(softWords, text) ??
    'unknown'
  )
}

/** Codes that tell more than the status beside them. */
const sureCodes = new Map<string, Finding>(
  Object.entries({
    authentication_error: 'auth',
    authentication_failed: 'auth',
    invalid_api_key: 'auth',
    incorrect_api_key: 'auth',
    api_key_invalid: 'auth',
    api_key_service_blocked: 'auth',
    oauth_token_expired: 'auth',
    oauth_org_not_allowed: 'auth',
    token_expired: 'auth',
    unauthenticated: 'auth',
    billing_error: 'quota',
    billing_disabled: 'quota',
    billing_hard_limit_reached: 'quota',
    billing_not_active: 'quota',
    insufficient_quota: 'quota',
    insufficient_funds: 'quota',
    usage_not_included: 'quota',
    usage_limit_reached: 'used-up',
    usage_limit_exceeded: 'used-up',
  }),
)

/** Statuses under which words count for more: the same one is given for very different things. */
const sureWordStatuses = new Set([400, 402, 403, 429])

const sureWords: readonly (readonly [RegExp, Finding])[] = [
  [/credit balance is too low|insufficient_quota|insufficient (?:funds|balance|credits)/i, 'quota'],
  [/billing|spend(?:ing)? (?:limit|cap)|payment required/i, 'quota'],
  // Google counts some of its limits by the day: the retry time beside them is of another limit.
  [/per ?day|daily (?:limit|quota)/i, 'quota'],
  [/(?:usage|session|weekly|\b\d+-hour) limit|hit your (?:\w+ )?limit|out of credits/i, 'used-up'],
  [/exceeded your current quota(?!.*retry in)/is, 'quota'],
  [/api[ _-]?key (?:not valid|not found|is invalid)|invalid (?:x-)?api[ _-]?key/i, 'auth'],
  [
    /please (?:run )?\/login|not logged in|log ?in again|oauth token (?:has )?(?:expired|revoked)/i,
    'auth',
  ],
]

/** Null: the status alone says nothing. */
function classOfStatus(status: number): ErrorClass | null {
  if (status === 401 || status === 403) {
    return 'auth'
  }
  if (status === 402) {
    return 'quota'
  }
  if (status === 429) {
    return 'rate_limit'
  }
  if (status === 408) {
    return 'network'
  }
  if (overloadedStatuses.has(status)) {
    return 'overloaded'
  }
  return status >= 300 && status < 500 ? 'config' : null
}

const overloadedStatuses = new Set([500, 502, 503, 504, 520, 522, 524, 529])

const softCodes = new Map<string, ErrorClass>(
  Object.entries({
    invalid_request_error: 'config',
    invalid_request: 'config',
    invalid_argument: 'config',
    not_found_error: 'config',
    not_found: 'config',
    model_not_found: 'config',
    request_too_large: 'config',
    context_length_exceeded: 'config',
    context_window_exceeded: 'config',
    failed_precondition: 'config',
    permission_error: 'auth',
    permission_denied: 'auth',
    unauthorized: 'auth',
    rate_limit_error: 'rate_limit',
    rate_limit_exceeded: 'rate_limit',
    rate_limit: 'rate_limit',
    resource_exhausted: 'rate_limit',
    too_many_requests: 'rate_limit',
    slow_down: 'rate_limit',
    overloaded_error: 'overloaded',
    overloaded: 'overloaded',
    api_error: 'overloaded',
    server_error: 'overloaded',
    server_is_overloaded: 'overloaded',
    server_overloaded: 'overloaded',
    internal_server_error: 'overloaded',
    timeout_error: 'overloaded',
    unavailable: 'overloaded',
    internal: 'overloaded',
    deadline_exceeded: 'overloaded',
    http_connection_failed: 'network',
    response_stream_connection_failed: 'network',
    response_stream_disconnected: 'network',
    econnrefused: 'network',
    econnreset: 'network',
    econnaborted: 'network',
    enotfound: 'network',
    eai_again: 'network',
    etimedout: 'network',
    ehostunreach: 'network',
    enetunreach: 'network',
    epipe: 'network',
    und_err_socket: 'network',
    und_err_connect_timeout: 'network',
    und_err_headers_timeout: 'network',
    und_err_body_timeout: 'network',
  }),
)

const softWords: readonly (readonly [RegExp, ErrorClass])[] = [
  [/overloaded|at capacity|high demand|server (?:is )?busy|temporarily unavailable/i, 'overloaded'],
  [/rate.?limit|too many requests|quota exceeded|resource.?exhausted/i, 'rate_limit'],
  [/unauthori[sz]ed|authentication|permission denied|api[ _-]?key/i, 'auth'],
  [
    /\b(?:ECONN(?:REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b/,
    'network',
  ],
  [
    /connection (?:error|refused|reset|closed|failed)|socket hang up|fetch failed|network error|stream (?:disconnected|closed) before|could not connect|getaddrinfo|timed? ?out/i,
    'network',
  ],
  [
    /model\b.{0,80}\b(?:not found|does not exist|not supported|no access)|prompt is too long|context (?:length|window)|no conversation found/i,
    'config',
  ],
]

function match<Found>(rules: readonly (readonly [RegExp, Found])[], text: string): Found | null {
  return rules.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/** `rateLimitExceeded`, `RATE_LIMIT_EXCEEDED` and `rate-limit-exceeded` are the same word. */
function normalise(code: string): string {
  return code
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s-]+/g, '_')
    .toLowerCase()
}

/** Codes in a JSON body, or in one that a program quotes in its sentence, however it is escaped. */
function embeddedCodes(text: string): string[] {
  return [
    ...text.matchAll(
      /\\{0,8}"(?:type|code|status|reason)\\{0,8}"\s*:\s*\\{0,8}"([A-Za-z_ -]{3,60})\\{0,8}"/g,
    ),
  ]
    .map(([, code]) => code!)
    .filter((code) => code !== 'error')
}

/** The status that a sentence or a quoted body tells: `API Error: 529 …`, `"code":400`, `last status: 429`. */
function embeddedStatus(text: string): number | null {
  const found =
    /\\{0,8}"(?:code|status)\\{0,8}"\s*:\s*([345]\d\d)\b/.exec(text) ??
    /(?:\bAPI Error:?|\bstatus(?: code)?:?|\bHTTP(?:\/[\d.]+)?|\bRepeated|\berror code:?|\banswered) ([345]\d\d)\b/i.exec(
      text,
    )
  return found ? Number(found[1]) : null
}
