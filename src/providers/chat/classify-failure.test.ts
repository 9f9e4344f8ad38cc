import { expect, test } from 'vitest'
import {
  classifyStatus,
  describeRefusal,
  endpointMessage,
  parseRetryAfter,
} from './classify-failure.ts'

test.each([
  [401, '', 'auth'],
  [403, '', 'auth'],
  [402, '', 'quota'],
  [429, '{"error":{"code":"insufficient_quota"}}', 'quota'],
  [429, 'slow down', 'rate_limit'],
  [404, 'no such model', 'config'],
  [400, '', 'config'],
  [301, '', 'config'],
  [408, '', 'network'],
  [500, '', 'overloaded'],
  [503, '', 'overloaded'],
  [529, '', 'overloaded'],
])('status %i with %j is of class %s', (status, body, expected) => {
  expect(classifyStatus(status, body)).toBe(expected)
})

test('an error body is told by its sentence, a page by its beginning', () => {
  expect(endpointMessage('{"error":{"message":"no\\nmodel"}}')).toBe('no model')
  expect(endpointMessage('{"error":"plain"}')).toBe('plain')
  expect(endpointMessage('null')).toBe('null')
  expect(endpointMessage(`<html>${'x'.repeat(1000)}`)).toHaveLength(300)
})

test('a refusal names the endpoint, the status and the reason', () => {
  expect(describeRefusal(404, '{"message":"no such model"}', 'm at http://x')).toEqual({
    kind: 'failure',
    class: 'config',
    message: 'm at http://x answered 404: no such model',
  })
})

test.each([
  ['30', 31_000],
  ['0', 1000],
  ['Thu, 01 Jan 1970 00:02:00 GMT', 120_000],
  ['soon', null],
  ['', null],
  [null, null],
])('retry-after %j is %j', (header, at) => {
  expect(parseRetryAfter(header, 1000)).toBe(at)
})
