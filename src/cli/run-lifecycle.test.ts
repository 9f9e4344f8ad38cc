import { describe, expect, it } from 'vitest'
import { callCli, type CliResult } from '../../test/fixtures/cli-harness.ts'
import { answerError, answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import { shownAgent, shownMessage } from '../../test/fixtures/shown-agent.ts'
import { DroverError } from '../schema/error.ts'

/** The body that a line of `drover run` sends, and how the call ended. */
async function runWith(...argv: string[]): Promise<{ body: unknown; result: CliResult }> {
  await using api = await startFakeApi((_, response) =>
    answerJson(response, { ...shownAgent(), message: null }, 201),
  )
  const result = await callCli(['run', ...argv], { home: api.folder })
  return { body: api.seen[0]?.body, result }
}

describe('drover run', () => {
  it('sends how the agent lives', async () => {
    const { body } = await runWith(
      'chat',
      'do it',
      '--ephemeral',
      '--dir=/d',
      '--idle=30m',
      '--max-age=8h',
      '--boot-timeout=4m',
      '--ready-timeout=2m',
      '--rest=suspend',
      '--suspended=2h',
      '--restart=on-failure',
      '--no-parking',
      '--tries=5',
      '--budget-usd=5',
      '--budget-tokens=100000',
      '--initial-prompt=Read NOTES.md.',
    )
    expect(body).toEqual({
      template: 'chat',
      prompt: 'do it',
      dir: '/d',
      lifecycle: {
        idleMs: 1_800_000,
        maxAgeMs: 28_800_000,
        bootMs: 240_000,
        readyMs: 120_000,
        rest: 'suspend',
        suspendedMs: 7_200_000,
        restart: 'on-failure',
        parking: false,
        tries: 5,
      },
      budget: { usd: 5, tokens: 100_000 },
      initialPrompt: 'Read NOTES.md.',
      ephemeral: true,
    })
  })

  it('sends nothing of it where nothing was said, so that the template decides', async () => {
    expect((await runWith('chat', '--dir', '/d')).body).toEqual({ template: 'chat', dir: '/d' })
  })

  it('sends 0 for never', async () => {
    const { body } = await runWith('chat', '--dir', '/d', '--idle', '0')
    expect(body).toMatchObject({ lifecycle: { idleMs: 0 } })
  })

  it.each([
    [['--idle', 'soon'], '--idle'],
    [['--restart', 'sometimes'], 'never, on-failure, always'],
    [['--tries', 'x'], '--tries'],
    [['--budget-usd', '-5'], '--budget-usd'],
    [['--budget-tokens', '1.5'], '--budget-tokens'],
  ])('refuses %j by name, sending nothing', async (argv, word) => {
    const { body, result } = await runWith('chat', ...argv)
    expect(body).toBeUndefined()
    expect(result.exitCode).toBe(2)
    expect(result.stderr).toContain(word)
  })

  it.each([
    [[], {}],
    [['.'], {}],
    [['.', 'go on'], { prompt: 'go on' }],
    [['--name', 'a'], { name: 'a' }],
  ])('%j asks for the agent of the folder', async (argv, request) => {
    await using api = await startFakeApi((_, response) =>
      answerJson(response, { ...shownAgent(), message: null }, 201),
    )
    await callCli(['run', ...argv], { home: api.folder })
    expect(api.seen[0]?.body).toEqual({ ...request, defaultDir: api.folder })
  })

  it('prints the reply of an ephemeral agent that is gone by then', async () => {
    const made = shownAgent({ name: 'helper', isEphemeral: true, status: 'waking' })
    await using api = await startFakeApi(({ method, path }, response) => {
      if (method === 'POST') {
        answerJson(response, { ...made, message: shownMessage({ agent: 'helper' }) }, 201)
      } else if (path.startsWith('/v1/messages/')) {
        answerJson(response, shownMessage({ agent: 'helper', state: 'done', reply: 'yes' }))
      } else {
        answerError(response, new DroverError('agent_not_found', 'There is no agent "helper".'))
      }
    })
    const argv = ['run', 'chat', 'hi', '--name', 'helper', '--ephemeral', '--wait']
    const plain = await callCli(argv, { home: api.folder })
    expect(plain).toMatchObject({ exitCode: 0, stdout: 'yes\n' })
    const json = await callCli([...argv, '--json'], { home: api.folder })
    expect(json.exitCode).toBe(0)
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'helper', receipt: 'done', reply: 'yes' })
  })

  it('says what a start waits for when the time is up', async () => {
    const waiting = { gate: 'admission', cause: '4 of 4 starts are under way', until: null }
    await using api = await startFakeApi((_, response) =>
      answerJson(response, { ...shownAgent({ status: 'waking', waiting }), message: null }, 201),
    )
    const { exitCode, stderr } = await callCli(['run', 'chat', '--wait', '--timeout', '5m'], {
      home: api.folder,
    })
    expect(exitCode).toBe(6)
    expect(stderr).toContain('a is still waking after 300 s: 4 of 4 starts are under way.')
  })
})
