import { describe, expect, it } from 'vitest'
import { callCli, type CliResult } from '../../test/fixtures/cli-harness.ts'
import { answerJson, startFakeApi, type FakeApi } from '../../test/fixtures/fake-api.ts'
import { findOwnAgent } from './own-agent.ts'

const agent = { id: 'agent_1', name: 'guide', status: 'working', cause: null, lastRun: null }

const environmentOf = ({ socket }: FakeApi): Record<string, string> => ({
  DROVER_AGENT: 'guide',
  DROVER_SOCKET: socket,
  DROVER_TOKEN: 'drv_agent_1_secret',
})

/** One call of `drover` from inside of the agent `guide`. */
async function callInside(argv: readonly string[], api: FakeApi): Promise<CliResult> {
  return await callCli(argv, {
    home: '/tmp/drover-no-such-home',
    overrides: { env: environmentOf(api) },
  })
}

describe('inside of an agent', () => {
  it('every call goes to the daemon that started it, with its token', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, []))
    expect(await callInside(['ps'], api)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer drv_agent_1_secret',
    ])
  })

  it.each([
    [['show', '--json'], '/v1/agents/guide'],
    [['why', '--json'], '/v1/agents/guide/why'],
    [['logs', '-n', '1'], '/v1/agents/guide/logs'],
    [['sleep', '--json'], '/v1/agents/guide/sleep'],
    [['new', '--json'], '/v1/agents/guide/new'],
    [['show', 'other', '--json'], '/v1/agents/other'],
    [['sleep', 'other', '--json'], '/v1/agents/other/sleep'],
  ])('%j asks %s', async (argv, path) => {
    await using api = await startFakeApi((_, response) => answerJson(response, agent))
    await callInside(argv, api)
    expect(api.seen[0]?.path).toBe(path)
  })

  it('a verb on another still needs its name', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, agent))
    for (const verb of ['wake', 'stop', 'start', 'rm', 'send']) {
      expect((await callInside([verb], api)).exitCode).toBe(2)
    }
    expect(api.seen).toEqual([])
  })

  it('nobody waits for its own sleep, which comes when the turn is over that asked for it', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, agent))
    const own = await callInside(['sleep'], api)
    expect(own).toMatchObject({ exitCode: 0, stdout: 'guide  working\n' })
    await callInside(['sleep', 'other'], api)
    expect(api.seen.map(({ query }) => query.get('wait'))).toEqual(['0', '300'])
  })

  it('the reply of another is not streamed, for its events are its own', async () => {
    await using api = await startFakeApi(({ method }, response) =>
      answerJson(response, {
        id: 'msg_1',
        agent: 'other',
        state: method === 'POST' ? 'stored' : 'done',
        cause: null,
        reply: method === 'POST' ? null : 'Hello',
      }),
    )
    const { exitCode, stdout } = await callCli(['send', 'other', 'hi', '--wait'], {
      home: '/tmp/drover-no-such-home',
      isTerminal: true,
      overrides: { env: environmentOf(api) },
    })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Hello\n' })
    expect(api.seen.map(({ path }) => path)).toEqual([
      '/v1/agents/other/messages',
      '/v1/messages/msg_1',
    ])
  })

  it('ps lists what it is told of the others', async () => {
    const peers = [
      { name: 'guide', status: 'working', provider: 'claude', template: 'reviewer' },
      { name: 'other', status: 'asleep', provider: 'chat', template: null },
    ]
    await using api = await startFakeApi((_, response) => answerJson(response, peers))
    expect((await callInside(['ps'], api)).stdout).toBe(
      [
        'NAME   STATUS   PROVIDER  TEMPLATE',
        'guide  working  claude    reviewer',
        'other  asleep   chat',
        '',
      ].join('\n'),
    )
  })

  it.each([['up'], ['up', '--detach']])(
    '%s %s starts nothing: it would be of another home',
    async (...argv) => {
      await using api = await startFakeApi((_, response) => answerJson(response, {}))
      const { exitCode, stderr } = await callInside([...argv, '--json'], api)
      expect(exitCode).toBe(4)
      expect(JSON.parse(stderr)).toMatchObject({ code: 'forbidden', details: { agent: 'guide' } })
      expect(api.seen).toEqual([])
    },
  )

  it('DROVER_HOME names the home that is meant, which is nobody of its agents', async () => {
    await using api = await startFakeApi((_, response) => answerJson(response, []))
    const env = { ...environmentOf(api), DROVER_HOME: api.folder, DROVER_SOCKET: '/nowhere' }
    const call = { home: api.folder, overrides: { env } }
    expect(await callCli(['ps'], call)).toMatchObject({ exitCode: 0 })
    expect(api.seen[0]?.headers.authorization).toBeUndefined()
    expect((await callCli(['sleep'], call)).exitCode).toBe(2)
  })
})

it.each([
  {},
  { DROVER_AGENT: 'guide' },
  { DROVER_AGENT: 'guide', DROVER_SOCKET: '/s' },
  { DROVER_AGENT: 'guide', DROVER_SOCKET: '/s', DROVER_TOKEN: '' },
  { DROVER_SOCKET: '/s', DROVER_TOKEN: 't' },
  { DROVER_AGENT: 'guide', DROVER_URL: 'http://10.0.0.1:1' },
  { DROVER_HOME: '/h', DROVER_AGENT: 'guide', DROVER_URL: 'http://10.0.0.1:1', DROVER_TOKEN: 't' },
])('%j is no agent', (env) => {
  expect(findOwnAgent(env)).toBeNull()
})

it('one that has only the door comes by that, by its own token', () => {
  const env = { DROVER_AGENT: 'guide', DROVER_URL: 'http://10.0.0.1:1', DROVER_TOKEN: 't' }
  const own = { name: 'guide', url: 'http://10.0.0.1:1', token: 't' }
  expect(findOwnAgent(env)).toEqual(own)
  expect(findOwnAgent({ ...env, DROVER_SOCKET: '/s' })).toEqual(own)
})
