import { expect, test } from 'vitest'
import { explainFetch, explainRefusal, hasStatus, isMissing } from './refusal.ts'

test.for([
  [404, 'No such image: nothing:1', 'image_not_found'],
  [404, 'no such image: nothing: image not known', 'image_not_found'],
  [
    404,
    "pull access denied for secret, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    'image_not_found',
  ],
  [
    404,
    'manifest for busybox:nine not found: manifest unknown: manifest unknown',
    'image_not_found',
  ],
  [404, 'no matching manifest for linux/arm64/v8 in the manifest list entries', 'image_unfit'],
  [
    400,
    'failed to create shim task: OCI runtime create failed: exec /bin/sh: exec format error: unknown',
    'image_unfit',
  ],
  [404, 'No such container: zz', 'container_not_found'],
  [404, 'no container with name or ID "zz" found: no such container', 'container_not_found'],
  [404, 'network wide not found', 'engine_refused'],
  [
    400,
    'OCI runtime create failed: exec: "nothere": executable file not found in $PATH: unknown',
    'program_not_found',
  ],
  [
    409,
    'Conflict. The container name "/c1" is already in use by container "92". You have to remove it.',
    'name_taken',
  ],
  [409, 'Container 92 is not running', 'engine_refused'],
  [400, 'bind source path does not exist: /nope', 'engine_refused'],
  [500, 'something broke', 'engine_failed'],
  [0, "The command '/bin/sh -c false' returned a non-zero code: 1", 'engine_failed'],
  [500, 'write /var/lib/docker/tmp/x: no space left on device', 'disk_full'],
  [500, 'dial unix /run/containerd/containerd.sock: connect: connection refused', 'engine_failed'],
] as const)('%i with "%s" is %s', ([status, message, code]) => {
  expect(explainRefusal({ status, message })).toMatchObject({
    code,
    message: expect.stringContaining(message),
    details: { status },
  })
})

test('a full disk is told with the code of the system', () => {
  const error = explainRefusal({ status: 500, message: 'mkdir /x: no space left on device' })
  expect(error.cause).toMatchObject({ code: 'ENOSPC' })
})

test('a refusal without a word says what it had', () => {
  expect(explainRefusal({ status: 503, message: ' ' }).message).toContain('HTTP 503')
})

test('words over many lines become one, and not too long', () => {
  const { message } = explainRefusal({ status: 500, message: `a\n  b\n${'c'.repeat(9000)}` })
  expect(message).toMatch(/^The engine says: a b c+…$/)
  expect(message.length).toBeLessThan(600)
})

test.for([
  'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
  'Get "https://r/v2/": net/http: TLS handshake timeout',
  'Get "https://r/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
  'initializing source docker://r/x: pinging container registry r: Get "https://r/v2/": connection refused',
])('where images are fetched, "%s" is the registry', (message) => {
  const error = explainFetch(explainRefusal({ status: 500, message }))
  expect(error).toMatchObject({
    code: 'registry_unreachable',
    message: expect.stringContaining(message),
  })
})

test('what is no fault of a registry stays what it is, where images are fetched', () => {
  const full = explainRefusal({ status: 500, message: 'no space left on device' })
  const aborted = new Error('dial tcp')
  expect(explainFetch(full)).toBe(full)
  expect(explainFetch(aborted)).toBe(aborted)
})

test('a status can be asked for', () => {
  const error = explainRefusal({ status: 404, message: 'no' })
  expect([isMissing(error), hasStatus(error, 409), isMissing(new Error('404'))]).toEqual([
    true,
    false,
    false,
  ])
})
