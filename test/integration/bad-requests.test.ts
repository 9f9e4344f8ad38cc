import { chmodSync, readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/schema/error.ts'
import { errorTable } from '../../src/schema/error-table.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { problemIn, rawRequest, type RawAnswer } from '../support/raw-request.ts'
import { snapshotOf } from '../support/snapshot.ts'

let daemon: TestDaemon
let token: string
let port: number

beforeAll(async () => {
  daemon = await startTestDaemon()
  token = readFileSync(daemon.home.tokenFile, 'utf8').trim()
  port = Number(new URL(daemon.status.url).port)
  await daemon.client.run(
    { template: 'command', name: 'a', program: ['/bin/cat'] },
    { waitSeconds: 10 },
  )
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
})

function expectProblem(answer: RawAnswer, code: ErrorCode, field: string): void {
  expect(answer.headers['content-type'], answer.text).toBe('application/problem+json')
  const problem = problemIn(answer)
  expect({ code: problem.code, field: problem.details?.field }, problem.detail).toEqual({
    code,
    field,
  })
  expect(answer.status).toBe(errorTable[code].status)
  expect(problem).toMatchObject({
    status: answer.status,
    hint: errorTable[code].hint,
    retryable: errorTable[code].retryable,
    detail: expect.stringContaining(field) as string,
  })
}

async function post(path: string, body: string | Uint8Array): Promise<RawAnswer> {
  return await rawRequest(
    {
      socketPath: daemon.home.socketFile,
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
    },
    body,
  )
}

describe('over TCP', () => {
  const ask = async (headers: Record<string, string>, path = '/v1/agents'): Promise<RawAnswer> =>
    await rawRequest({ host: '127.0.0.1', port, path, headers })
  const bearer = () => `Bearer ${token}`

  test('the token opens', async () => {
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`]) {
      expect((await ask({ host, authorization: bearer() })).status).toBe(200)
    }
  })

  test('a page of our own may call', async () => {
    expect(
      (await ask({ authorization: bearer(), origin: `http://localhost:${port}` })).status,
    ).toBe(200)
  })

  test.each([
    ['no token', () => ({})],
    ['a wrong token', () => ({ authorization: 'Bearer wrong' })],
    [
      'a token of the right length',
      () => ({ authorization: `Bearer ${'A'.repeat(token.length)}` }),
    ],
    ['half a token', () => ({ authorization: bearer().slice(0, -1) })],
    ['a token and more', () => ({ authorization: `${bearer()}x` })],
    ['an empty token', () => ({ authorization: 'Bearer ' })],
  ])('%s is refused', async (_, headers) => {
    for (const path of ['/v1/agents', '/v1/events', '/metrics', '/openapi.json', '/nothing/here']) {
      expectProblem(await ask(headers(), path), 'unauthorized', 'Authorization')
    }
  })

  test.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1',
    '127.0.0.1:1',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
  ])('the foreign Host %s is refused, whatever the token', async (host) => {
    for (const path of ['/v1/agents', '/healthz', '/']) {
      expectProblem(await ask({ host, authorization: bearer() }, path), 'forbidden_host', 'Host')
    }
  })

  test.each([
    'http://evil.example',
    'null',
    'https://127.0.0.1',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'file://',
  ])('the foreign Origin %s is refused, whatever the token', async (origin) => {
    const answer = await ask({ authorization: bearer(), origin }, '/v1/agents')
    expectProblem(answer, 'forbidden_origin', 'Origin')
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual(
      [],
    )
  })

  test('a refused request changes nothing', async () => {
    const before = await snapshotOf(daemon)
    const body = JSON.stringify({ body: 'forged' })
    const forged = { host: '127.0.0.1', port, method: 'POST', path: '/v1/agents/a/messages' }
    expectProblem(await rawRequest(forged, body), 'unauthorized', 'Authorization')
    expectProblem(
      await rawRequest(
        { ...forged, headers: { host: 'evil.example', authorization: bearer() } },
        body,
      ),
      'forbidden_host',
      'Host',
    )
    expectProblem(
      await rawRequest(
        { ...forged, headers: { origin: 'http://evil.example', authorization: bearer() } },
        body,
      ),
      'forbidden_origin',
      'Origin',
    )
    expect(await snapshotOf(daemon)).toEqual(before)
  })

  test('a health check needs no token and tells nothing', async () => {
    expect(await ask({}, '/healthz')).toMatchObject({ status: 200, text: 'ok\n' })
  })
})

describe('a request body', () => {
  const messages = '/v1/agents/a/messages'
  const agents = '/v1/agents'
  const program = ['/bin/cat']
  const json = JSON.stringify

  test.each<
    [title: string, path: string, body: string | Uint8Array, code: ErrorCode, field: string]
  >([
    ['with NUL in a message', messages, json({ body: 'a\0b' }), 'invalid_message', 'body'],
    ['with half a surrogate pair', messages, '{"body":"\\ud800"}', 'invalid_message', 'body'],
    [
      'that is not UTF-8',
      messages,
      Buffer.concat([Buffer.from('{"body":"'), Buffer.from([0xff]), Buffer.from('"}')]),
      'invalid_message',
      'request',
    ],
    [
      'with a message of 2 MB',
      messages,
      json({ body: 'x'.repeat(2 * 1024 * 1024) }),
      'message_too_large',
      'body',
    ],
    [
      'with a message of 10 MB',
      messages,
      json({ body: 'x'.repeat(10 * 1024 * 1024) }),
      'message_too_large',
      'request',
    ],
    ['with an empty message', messages, json({ body: '' }), 'invalid_request', 'body'],
    ['with no message', messages, json({}), 'invalid_request', 'body'],
    ['with a message that is a number', messages, json({ body: 1 }), 'invalid_request', 'body'],
    [
      'with an unknown field',
      messages,
      json({ body: 'x', colour: 'red' }),
      'invalid_request',
      'colour',
    ],
    [
      'with a sender that is no name',
      messages,
      json({ body: 'x', from: '../x' }),
      'invalid_request',
      'from',
    ],
    ['that is no JSON', messages, '{"body":', 'invalid_request', 'request'],
    ['that is a list', messages, '[]', 'invalid_request', 'request'],
    [
      'with a name that is a number',
      agents,
      json({ template: 'command', program, name: 7 }),
      'invalid_name',
      'name',
    ],
    [
      'with a folder that is not absolute',
      agents,
      json({ template: 'command', program, dir: 'x' }),
      'invalid_dir',
      'dir',
    ],
    [
      'with NUL in its folder',
      agents,
      json({ template: 'command', program, dir: '/tmp\0/x' }),
      'invalid_dir',
      'dir',
    ],
    [
      'with NUL in the value of a variable',
      agents,
      json({ template: 'command', program, env: { A: '\0' } }),
      'invalid_env',
      'env.A',
    ],
    [
      'with a variable that is a number',
      agents,
      json({ template: 'command', program, env: { A: 1 } }),
      'invalid_request',
      'env.A',
    ],
    [
      'with NUL in an argument',
      agents,
      json({ template: 'command', program: ['/bin/cat', '\0'] }),
      'invalid_request',
      'program.1',
    ],
    [
      'with too many arguments',
      agents,
      json({ template: 'command', program: Array.from({ length: 1001 }, () => 'x') }),
      'invalid_request',
      'program',
    ],
    [
      'with a negative grace',
      agents,
      json({ template: 'command', program, graceMs: -1 }),
      'invalid_request',
      'graceMs',
    ],
    [
      'with a network policy that there is not',
      agents,
      json({ template: 'command', program, network: 'open' }),
      'invalid_request',
      'network',
    ],
    [
      'with a host that is none',
      agents,
      json({ template: 'command', program, network: { allow: ['a.example', 'http://b.example'] } }),
      'invalid_request',
      'network.allow.1',
    ],
    [
      'with a network policy that its runtime does not keep',
      agents,
      json({ template: 'command', program, network: 'none' }),
      'unsupported',
      'network',
    ],
    [
      'with a prompt with NUL',
      agents,
      json({ template: 'command', program, prompt: '\0' }),
      'invalid_message',
      'prompt',
    ],
    ['with no template', agents, json({}), 'invalid_request', 'template'],
    ['with a program alone', agents, json({ program }), 'invalid_request', 'program'],
  ])('%s is refused and changes nothing', async (...[, path, body, code, field]) => {
    const before = await snapshotOf(daemon)
    expectProblem(await post(path, body), code, field)
    expect(await snapshotOf(daemon)).toEqual(before)
  })

  test('that grows past every limit without saying its length is refused', async () => {
    const options = {
      socketPath: daemon.home.socketFile,
      method: 'POST',
      path: messages,
      headers: { 'transfer-encoding': 'chunked' },
    }
    expectProblem(
      await rawRequest(options, Buffer.alloc(20 * 1024 * 1024, 'x')),
      'message_too_large',
      'request',
    )
    expect((await daemon.client.status()).pid).toBe(daemon.pid)
  })

  test('of exactly the largest size is taken', async () => {
    const body = 'x'.repeat(1024 * 1024 - 1)
    const message = await daemon.client.send('a', { body: `${body}y` }, { waitSeconds: 20 })
    expect(message.state).toBe('done')
    const raw = Buffer.concat(
      await Array.fromAsync(await daemon.client.logs('a', { format: 'raw' })),
    ).toString()
    expect(raw === `${body}y\n`).toBe(true)
  })
})

test.each(['wait=-1', 'wait=301', 'wait=soon'])('a query with %s is refused', async (query) => {
  expectProblem(await post(`/v1/agents/a/wake?${query}`, ''), 'invalid_request', 'wait')
})

test('a route that is not there is a 404 with a code', async () => {
  const answer = await post('/v1/agents/a/fly', '')
  expect([answer.status, problemIn(answer).code]).toEqual([404, 'route_not_found'])
})

test("the files of a home are its owner's alone", async () => {
  const { home } = daemon
  const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8)
  const { run } = await daemon.client.show('a')
  for (const file of [
    home.tokenFile,
    home.agentKeyFile,
    home.socketFile,
    home.databaseFile,
    `${home.databaseFile}-wal`,
    home.logFile,
    home.daemonFile,
    home.lockFile,
  ]) {
    expect([file, modeOf(file)]).toEqual([file, '600'])
  }
  for (const folder of [home.runsFolder, home.agentsFolder, `${home.runsFolder}/${run}`]) {
    expect([folder, modeOf(folder)]).toEqual([folder, '700'])
  }
  for (const name of ['in', 'out', 'err', 'bell']) {
    const file = `${home.runsFolder}/${run}/${name}`
    expect([file, (statSync(file).mode & 0o077).toString(8)]).toEqual([file, '0'])
  }
})

test('a token file that others could read is closed at the next start', async () => {
  await using own = await startTestDaemon()
  chmodSync(own.home.tokenFile, 0o644)
  await own.restart('SIGTERM')
  expect(statSync(own.home.tokenFile).mode & 0o777).toBe(0o600)
  expect(readFileSync(own.home.tokenFile, 'utf8')).toMatch(/^[\w-]{43}\n$/)
})
