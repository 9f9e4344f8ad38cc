import { describe, expect, it } from 'vitest'
import { callCli, type CliResult } from '../../test/fixtures/cli-harness.ts'
import { answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import { shownAgent } from '../../test/fixtures/shown-agent.ts'

/** The body that a line of `drover run` sends, and how the call ended. */
async function runWith(
  argv: readonly string[],
  notes: readonly string[] = [],
): Promise<{ body: unknown; result: CliResult }> {
  await using api = await startFakeApi((_, response) =>
    answerJson(response, { ...shownAgent(), message: null, notes }, 201),
  )
  const result = await callCli(['run', ...argv], { home: api.folder })
  return { body: api.seen[0]?.body, result }
}

describe('drover run', () => {
  it('sends what an agent is, is told and works in, each word as often as it was given', async () => {
    const { body } = await runWith([
      'claude',
      'do it',
      '--dir=/d',
      '--label=writes Rust',
      '--tag=red',
      '--tag=team/one',
      '--can=rust',
      '--automation-id=ci-7',
      '--effort=high',
      '--profile=reviewer',
      '--policy=careful',
      '--arg=--debug',
      '--arg=api',
      '--append-prompt=Answer in German.',
      '--bare',
      '--add-dir=/a',
      '--add-dir=/b',
    ])
    expect(body).toEqual({
      template: 'claude',
      prompt: 'do it',
      dir: '/d',
      label: 'writes Rust',
      tags: ['red', 'team/one'],
      capabilities: ['rust'],
      automationId: 'ci-7',
      effort: 'high',
      profile: 'reviewer',
      policy: 'careful',
      args: ['--debug', 'api'],
      promptAppend: 'Answer in German.',
      bare: true,
      addDirs: ['/a', '/b'],
    })
  })

  it.each([
    [['--worktree'], { worktree: {} }],
    [['--worktree=feature/one'], { worktree: { branch: 'feature/one' } }],
    [['--worktree', 'feature/one'], { worktree: { branch: 'feature/one' } }],
    [['--workspace', 'shared'], { workspace: 'shared' }],
    [['--network', 'local'], { network: 'local' }],
    [
      ['--allow=example.org', '--allow=*.example.org:8080'],
      { network: { allow: ['example.org', '*.example.org:8080'] } },
    ],
    [['--resume', 's-1'], { resume: { mode: 'resume', session: 's-1' } }],
    [['--continue'], { resume: { mode: 'continue' } }],
  ])('sends for %j %j', async (argv, sent) => {
    const { body } = await runWith(['chat', '--dir=/d', ...argv])
    expect(body).toEqual({ template: 'chat', dir: '/d', ...sent })
  })

  it('refuses two sessions at once, and a mode of work that there is not', async () => {
    const both = await runWith(['chat', '--resume=s-1', '--continue'])
    expect(both.body).toBeUndefined()
    expect(both.result).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--continue'),
    })
    const none = await runWith(['chat', '--workspace=mine'])
    expect(none.result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('inherit') })
  })

  it('refuses a network policy that there is not, and one beside a list of hosts', async () => {
    const none = await runWith(['chat', '--network=open'])
    expect(none.result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('local') })
    const both = await runWith(['chat', '--network=none', '--allow=example.org'])
    expect(both.body).toBeUndefined()
    expect(both.result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--allow') })
  })

  it('says on stderr what is no error and good to know', async () => {
    const { result } = await runWith(['chat', '--dir=/d'], ['/d has changes.'])
    expect(result).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('/d has changes.\n'),
    })
  })
})
