import { expect, test } from 'vitest'
import { describeBreak, describeRefusal, endpointMessage } from './describe-failure.ts'

test('an error body is told by its sentence, a page by its beginning', () => {
  expect(endpointMessage('{"error":{"message":"no\\nmodel"}}')).toBe('no model')
  expect(endpointMessage('{"error":"plain"}')).toBe('plain')
  expect(endpointMessage('null')).toBe('null')
  expect(endpointMessage(`<html>${'x'.repeat(1000)}`)).toHaveLength(300)
})

test('a refusal names the endpoint, the status and the reason', () => {
  const refusal = { status: 404, text: '{"message":"no such model"}' }
  expect(describeRefusal(refusal, 'm at http://x', 0)).toEqual({
    kind: 'failure',
    class: 'config',
    message: 'm at http://x answered 404: no such model',
  })
  expect(describeRefusal({ status: 503 }, 'm', 0).message).toBe('m answered 503')
})

test('a refusal that says when says until when', () => {
  const refusal = { status: 429, text: 'slow down', retryAfter: '30' }
  expect(describeRefusal(refusal, 'm', 1000)).toMatchObject({ class: 'rate_limit', until: 31_000 })
})

test('an answer that breaks off has the class it names, else the endpoint is in trouble', () => {
  const named = '{"error":{"code":"rate_limit_exceeded","message":"slow down"}}'
  expect(describeBreak(named, 'm', 0)).toMatchObject({
    class: 'rate_limit',
    message: 'm broke off: slow down',
  })
  expect(describeBreak('{"error":{"message":"oops"}}', 'm', 0).class).toBe('overloaded')
})
