import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { errorClasses, type ErrorClass } from '../schema/error-class.ts'
import { classifyError, type FailureReport } from './classify-error.ts'

const now = Date.UTC(2026, 10, 21, 12)
const classOf = (report: FailureReport): ErrorClass => classifyError(report, now).class

describe('Anthropic', () => {
  test.for<[number, string, string, ErrorClass]>([
    [400, 'invalid_request_error', 'max_tokens: too large', 'config'],
    [400, 'invalid_request_error', 'Your credit balance is too low to access the API.', 'quota'],
    [401, 'authentication_error', 'invalid x-api-key', 'auth'],
    [402, 'billing_error', 'Payment required', 'quota'],
    [403, 'permission_error', 'Your key may not use this resource', 'auth'],
    [404, 'not_found_error', 'model: claude-0', 'config'],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'config'],
    [429, 'rate_limit_error', 'This request would exceed your rate limit', 'rate_limit'],
    [500, 'api_error', 'Internal server error', 'overloaded'],
    [504, 'timeout_error', 'Request timed out', 'overloaded'],
    [529, 'overloaded_error', 'Overloaded', 'overloaded'],
  ])('%i %s: %s', ([status, type, message, expected]) => {
    const text = JSON.stringify({ type: 'error', error: { type, message } })
    expect(classOf({ status, text })).toBe(expected)
    expect(classOf({ code: type, text: message })).toBe(expected)
    expect(classOf({ text: `API Error: ${status} ${text}` })).toBe(expected)
  })

  test.for<[string, ErrorClass]>([
    [
      'API Error: Repeated 529 Overloaded errors. The API is at capacity — this is usually temporary. Try again in a moment.',
      'overloaded',
    ],
    ['Invalid API key · Please run /login', 'auth'],
    ['OAuth token has expired. Please obtain a new token.', 'auth'],
    ['Credit balance is too low', 'quota'],
    ['Claude AI usage limit reached|1795264200', 'rate_limit'],
    ["You've hit your session limit · resets 3pm (UTC)", 'quota'],
    ['API Error: Connection error.', 'network'],
    ['No conversation found with session ID: 99999999-2222-4333-8444-555555555555', 'config'],
  ])('Claude Code says "%s"', ([text, expected]) => {
    expect(classOf({ text })).toBe(expected)
  })
})

describe('OpenAI', () => {
  test.for<[number, string, string, ErrorClass]>([
    [400, 'context_length_exceeded', 'This model holds 128000 tokens at most.', 'config'],
    [401, 'invalid_api_key', 'Incorrect API key provided: sk-…', 'auth'],
    [403, 'unsupported_country_region_territory', 'Country not supported', 'auth'],
    [404, 'model_not_found', 'The model `x` does not exist or you do not have access', 'config'],
    [429, 'insufficient_quota', 'You exceeded your current quota, check your plan', 'quota'],
    [429, 'rate_limit_exceeded', 'Rate limit reached for gpt-5 in organization o', 'rate_limit'],
    [429, 'billing_hard_limit_reached', 'Billing hard limit has been reached', 'quota'],
    [500, 'server_error', 'The server had an error', 'overloaded'],
    [503, 'slow_down', 'Slow down', 'overloaded'],
  ])('%i %s: %s', ([status, code, message, expected]) => {
    const text = JSON.stringify({ error: { message, type: 'x', param: null, code } })
    expect(classOf({ status, text })).toBe(expected)
  })

  test.for<[string, ErrorClass]>([
    ['We’re currently experiencing high demand, which may cause temporary errors.', 'overloaded'],
    ['unexpected status 401 Unauthorized: Missing bearer authentication in header', 'auth'],
    ['exceeded retry limit, last status: 429 Too Many Requests', 'rate_limit'],
    ['stream disconnected before completion: error sending request', 'network'],
    ["You've hit your usage limit. Upgrade to Pro or try again in 2 days 3 hours.", 'rate_limit'],
    ["You've hit your usage limit.", 'quota'],
    ['Quota exceeded. Check your plan and billing details.', 'quota'],
  ])('Codex says "%s"', ([text, expected]) => {
    expect(classOf({ text })).toBe(expected)
  })

  test.for<[string, ErrorClass]>([
    ['usageLimitExceeded', 'quota'],
    ['unauthorized', 'auth'],
    ['contextWindowExceeded', 'config'],
    ['serverOverloaded', 'overloaded'],
    ['responseStreamDisconnected', 'network'],
    ['internalServerError', 'overloaded'],
  ])('Codex gives the code %s', ([code, expected]) => {
    expect(classOf({ code })).toBe(expected)
  })
})

describe('Google', () => {
  const body = (code: number, status: string, message: string, details: unknown[] = []): string =>
    JSON.stringify({ error: { code, message, status, details } })

  test.for<[string, ErrorClass]>([
    [body(400, 'INVALID_ARGUMENT', 'Unknown name "x"'), 'config'],
    [
      body(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
        { reason: 'API_KEY_INVALID' },
      ]),
      'auth',
    ],
    [body(403, 'PERMISSION_DENIED', 'Your API key was reported as leaked'), 'auth'],
    [body(404, 'NOT_FOUND', 'models/x is not found'), 'config'],
    [body(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted'), 'rate_limit'],
    [
      body(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota. Please retry in 34.07s.', [
        { quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' },
      ]),
      'rate_limit',
    ],
    [
      body(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota', [
        { quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' },
      ]),
      'quota',
    ],
    [body(500, 'INTERNAL', 'An internal error has occurred'), 'overloaded'],
    [body(503, 'UNAVAILABLE', 'The model is overloaded'), 'overloaded'],
    [body(504, 'DEADLINE_EXCEEDED', 'The request took too long'), 'overloaded'],
  ])('%s', ([text, expected]) => {
    const { code } = (JSON.parse(text) as { error: { code: number } }).error
    expect(classOf({ status: code, text })).toBe(expected)
    expect(classOf({ text: `[API Error: ${text}]` })).toBe(expected)
    expect(classOf({ text: JSON.stringify({ message: text }) })).toBe(expected)
  })
})

describe('Ollama', () => {
  test.for<[number, string, ErrorClass]>([
    [404, '{"error":"model \\"x\\" not found, try pulling it first"}', 'config'],
    [400, '{"error":"registry.ollama.ai/library/x does not support tools"}', 'config'],
    [
      503,
      '{"error":"server busy, please try again. maximum pending requests exceeded"}',
      'overloaded',
    ],
    [500, '{"error":"llama runner process has terminated"}', 'overloaded'],
    [401, '{"error":"unauthorized"}', 'auth'],
  ])('%i %s', ([status, text, expected]) => {
    expect(classOf({ status, text })).toBe(expected)
  })
})

test.for(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'UND_ERR_SOCKET'])(
  '%s is the network',
  (code) => {
    expect(classOf({ code })).toBe('network')
  },
)

test.for<[number, ErrorClass]>([
  [301, 'config'],
  [402, 'quota'],
  [403, 'auth'],
  [408, 'network'],
  [418, 'config'],
  [429, 'rate_limit'],
  [502, 'overloaded'],
  [529, 'overloaded'],
  [501, 'unknown'],
  [200, 'unknown'],
])('a bare %i is %s', ([status, expected]) => {
  expect(classOf({ status })).toBe(expected)
})

test.for(['__proto__', 'constructor', 'toString', ' _proto _'])(
  'the code %j is unknown',
  (code) => {
    expect(classOf({ code })).toBe('unknown')
  },
)

test('what says nothing is unknown', () => {
  expect(classifyError({}, now)).toEqual({ class: 'unknown', retryAt: null })
  expect(classOf({ text: 'something went wrong' })).toBe('unknown')
  expect(classOf({ text: 'it counted 429 sheep' })).toBe('unknown')
})

test('any report at all has a class, and no time that is not a number', () => {
  const report = fc.record(
    {
      status: fc.option(fc.nat(999)),
      code: fc.option(fc.string()),
      text: fc.option(fc.string({ maxLength: 5000 })),
      retryAfter: fc.option(fc.string()),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(report, (given) => {
      const found = classifyError(given, now)
      expect(errorClasses).toContain(found.class)
      expect(found.retryAt === null || Number.isSafeInteger(found.retryAt)).toBe(true)
    }),
  )
})

describe('the time to try again', () => {
  test.for<[FailureReport, number | null]>([
    [{ status: 429, retryAfter: '30' }, 30_000],
    [{ status: 429, retryAfter: 'Sat, 21 Nov 2026 12:02:00 GMT' }, 120_000],
    [{ status: 429, retryAfter: 'soon' }, null],
    [{ status: 429, text: '{"error":{"details":[{"retryDelay":"34s"}]}}' }, 34_000],
    [{ text: 'Please retry in 34.07s.' }, 34_070],
    [{ text: 'Rate limit reached for gpt-5. Please try again in 1.898s. Visit …' }, 1898],
    [{ text: 'Please try again in 20ms.' }, 20],
    [{ text: 'Please try again in 6m0s.' }, 360_000],
    [{ text: 'try again in 2 days 3 hours.' }, 51 * 3_600_000],
    [{ text: 'try again in 1 hour and 5 minutes' }, 65 * 60_000],
    [{ text: `{"resets_at":${(now + 60_000) / 1000}}` }, 60_000],
    [{ text: '{"resets_in_seconds":90}' }, 90_000],
    [{ text: `Claude AI usage limit reached|${now / 1000 + 60}` }, 60_000],
    [{ text: 'Try again in a moment.' }, null],
    [{ text: '{"resets_at":1000000000}' }, null],
    [{ text: 'try again in 9999 days' }, null],
  ])('%j', ([report, inMs]) => {
    expect(classifyError(report, now).retryAt).toBe(inMs === null ? null : now + inMs)
  })
})
