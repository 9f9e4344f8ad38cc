import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { quickConfig, ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const up = { waitSeconds: 30 }
/** Agents go on when the test is over. */
const live = { isLeftClean: false }
const cat = { template: 'command', program: ['/bin/cat'] }

test('agents are found by their tags, by what they can and by their label', async () => {
  await using daemon = await startTestDaemon()
  const { client } = daemon
  await client.run({ ...cat, name: 'a', tags: ['red', 'team/one', 'red'], label: 'counts' })
  await client.run({ ...cat, name: 'b', tags: ['red'], capabilities: ['rust'] })
  await client.run({ ...cat, name: 'c', capabilities: ['rust', 'review'], automationId: 'ci-1' })
  const names = async (wanted: Parameters<typeof client.list>[0]): Promise<string[]> =>
    (await client.list(wanted)).map(({ name }) => name)
  expect(await names({ tag: 'red' })).toEqual(['a', 'b'])
  expect(await names({ tag: 'team/one' })).toEqual(['a'])
  expect(await names({ capability: 'rust' })).toEqual(['b', 'c'])
  expect(await names({ capability: 'rust', tag: 'red' })).toEqual(['b'])
  expect(await names({ label: 'counts' })).toEqual(['a'])
  expect(await names({ label: 'count' })).toEqual([])
  expect(await client.show('a')).toMatchObject({ tags: ['red', 'team/one'], label: 'counts' })
  expect(await client.show('c')).toMatchObject({ automationId: 'ci-1' })
  await expect(client.list({ tag: 'a b' })).rejects.toMatchObject({ code: 'invalid_request' })
})

test('a template and a request are put together: words and folders of both, arguments one after the other', async () => {
  using folder = temporaryFolder()
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, {}, live)
  const { client, home } = daemon
  mkdirSync(home.templatesFolder, { recursive: true })
  const template = {
    provider: 'claude',
    label: 'of the template',
    tags: ['red', 'blue'],
    effort: 'low',
    addDirs: [folder.path],
    args: ['--one'],
    bare: true,
  }
  writeFileSync(path.join(home.templatesFolder, 'mine.yaml'), JSON.stringify(template))
  const { spec } = await client
    .run({
      ...claude.agent('a'),
      template: 'mine',
      label: 'of the request',
      tags: ['blue', 'green'],
      effort: 'high',
      addDirs: ['/tmp'],
      args: ['--two'],
      bare: false,
    })
    .then(() => client.show('a'))
  expect(spec).toMatchObject({
    label: 'of the request',
    tags: ['red', 'blue', 'green'],
    effort: 'high',
    addDirs: [folder.path, '/tmp'],
    args: ['--one', '--two'],
    bare: false,
  })
})

describe('what is asked of an agent', () => {
  const refused: [string, Partial<RunRequestInput>, string, string][] = [
    [
      'effort',
      { ...cat, effort: 'high' },
      'unsupported',
      "effort: the command provider can't honour it; acp, claude, codex can.",
    ],
    [
      'effort',
      { template: 'chat', effort: 'high' },
      'unsupported',
      "effort: the chat provider can't honour it; acp, claude, codex can.",
    ],
    [
      'profile',
      { ...cat, profile: 'x' },
      'unsupported',
      "profile: the command provider can't honour it; claude, codex, opencode can.",
    ],
    [
      'addDirs',
      { template: 'chat', addDirs: ['/tmp'] },
      'unsupported',
      "addDirs: the chat provider can't honour it; acp, claude, codex, gemini can.",
    ],
    [
      'args',
      { ...cat, args: ['-x'] },
      'unsupported',
      "args: the command provider can't honour it; claude, codex, gemini, opencode can.",
    ],
    [
      'promptAppend',
      { ...cat, promptAppend: 'x' },
      'unsupported',
      "promptAppend: the command provider can't honour it; acp, chat, claude, codex, gemini, ndjson, opencode can.",
    ],
    [
      'model',
      { ...cat, model: 'x' },
      'unsupported',
      "model: the command provider can't honour it; acp, chat, claude, codex, gemini, ndjson, opencode can.",
    ],
    [
      'effort',
      { template: 'claude', effort: 'enormous' },
      'invalid_request',
      'effort: enormous is none of those of the claude provider: low, medium, high, xhigh, max.',
    ],
    [
      'args',
      { template: 'claude', args: ['--bare', '--resume', 'x'] },
      'invalid_request',
      'args: --resume is set by Drover.',
    ],
    [
      'addDirs',
      { template: 'claude', addDirs: ['/no/such/folder'] },
      'invalid_dir',
      'addDirs: "/no/such/folder" does not exist.',
    ],
    [
      'resume',
      { ...cat, resume: { mode: 'resume', session: 'x' } },
      'unsupported',
      "resume: the command provider can't resume.",
    ],
    [
      'resume',
      { template: 'chat', resume: { mode: 'resume', session: 'x' } },
      'nothing_to_resume',
      'resume: Drover chat has no session "x" here.',
    ],
    ['tags.0', { ...cat, tags: ['a b'] }, 'invalid_request', 'tags.0: is no word of 1 to 64'],
    ['label', { ...cat, label: 'a\nb' }, 'invalid_request', 'label: is more than one line'],
    [
      'resume.session',
      { ...cat, resume: { mode: 'resume' } },
      'invalid_request',
      'resume.session: goes with mode',
    ],
  ]
  test('and can not be is an error at once that names the field and who could', async () => {
    using claude = new ScriptedClaude()
    await using daemon = await startWithClaude(claude, {}, live)
    for (const [field, request, code, message] of refused) {
      await expect(
        daemon.client.run({ template: 'command', ...request }),
        message,
      ).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message) as string,
        details: { field },
      })
    }
    expect(await daemon.client.list({ all: true })).toEqual([])
  })

  test('needs an agent that is made: the one of a folder has its own', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon()
    await daemon.client.run({ ...cat, name: 'a', dir: folder.path })
    for (const part of [{ tags: ['x'] }, { effort: 'x' }, { bare: true }, { worktree: {} }]) {
      await expect(daemon.client.run({ dir: folder.path, ...part })).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('needs a template') as string,
      })
    }
  })
})

describe('an agent that begins with a session of its program', () => {
  const keep = (claude: ScriptedClaude, name: string, ids: readonly string[]): string => {
    const config = path.join(claude.dirOf(name), 'config')
    const project = claude.dirOf(name).replaceAll(/[^A-Za-z0-9]/g, '-')
    mkdirSync(path.join(config, 'projects', project), { recursive: true })
    for (const id of ids) {
      writeFileSync(path.join(config, 'projects', project, `${id}.jsonl`), '{}\n')
    }
    return config
  }

  test('resumes it in its first run, without its initial prompt, and begins afresh when told to', async () => {
    using claude = new ScriptedClaude()
    await using daemon = await startWithClaude(claude, {}, live)
    const { client } = daemon
    const configDir = keep(claude, 'a', ['s-1'])
    const request = claude.agent('a', {
      options: { configDir },
      resume: { mode: 'resume', session: 's-1' },
      initialPrompt: 'never told',
      prompt: 'go on',
    })
    expect((await client.run(request, up)).message).toMatchObject({ state: 'done' })
    expect(claude.starts('a')).toEqual(['resumed s-1'])
    expect(claude.taken('a')).toEqual(['go on'])
    await client.new('a', up)
    await expect.poll(() => claude.starts('a').at(-1), { timeout: 20_000 }).toMatch(/^fresh /)
  })

  test('continues the latest of its folder', async () => {
    using claude = new ScriptedClaude()
    await using daemon = await startWithClaude(claude, {}, live)
    const configDir = keep(claude, 'a', ['s-2'])
    const options = { configDir }
    await daemon.client.run(
      claude.agent('a', { options, resume: { mode: 'continue' }, prompt: 'x' }),
      up,
    )
    expect(claude.starts('a')).toEqual(['resumed s-2'])
  })

  test('that is not there is refused, and nothing is made', async () => {
    using claude = new ScriptedClaude()
    await using daemon = await startWithClaude(claude, {}, live)
    const options = { configDir: keep(claude, 'a', ['s-3']) }
    const resume = { mode: 'resume', session: 'other' } as const
    await expect(daemon.client.run(claude.agent('a', { options, resume }))).rejects.toMatchObject({
      code: 'nothing_to_resume',
      message: 'resume: Claude Code has no session "other" here.',
    })
    expect(await daemon.client.list({ all: true })).toEqual([])
  })

  test('that is gone when it starts fails, and says so', async () => {
    using claude = new ScriptedClaude()
    await using daemon = await startWithClaude(claude, { admission: { freeBytes: 2 ** 50 } }, live)
    const { client } = daemon
    const configDir = keep(claude, 'a', ['s-4'])
    const request = claude.agent('a', {
      options: { configDir },
      resume: { mode: 'resume', session: 's-4' },
    })
    await client.run(request)
    rmSync(path.join(configDir, 'projects'), { recursive: true })
    await daemon.kill()
    writeFileSync(
      daemon.home.configFile,
      JSON.stringify({ port: 0, ...quickConfig, providers: { claude: { path: claude.program } } }),
    )
    await daemon.start()
    await expect
      .poll(async () => (await client.show('a')).cause, { timeout: 20_000 })
      .toContain('has no session "s-4" here')
  })
})

test('a policy of config comes after what template and request say, and one that is not there is an error', async () => {
  using claude = new ScriptedClaude()
  const rule = (tool: string): object => ({ tool, mode: 'allow' })
  const policies = { careful: { mode: 'deny', timeoutMs: 1000, rules: [rule('Read')] } }
  await using daemon = await startWithClaude(claude, { policies }, live)
  const { client, home } = daemon
  mkdirSync(home.templatesFolder, { recursive: true })
  const template = { provider: 'claude', policy: 'careful', approvals: { rules: [rule('Glob')] } }
  writeFileSync(path.join(home.templatesFolder, 'mine.yaml'), JSON.stringify(template))
  const request = claude.agent('a', { approvals: { timeoutMs: 2000 } })
  await client.run({ ...request, template: 'mine' })
  expect((await client.show('a')).spec).toMatchObject({
    policy: 'careful',
    approvals: { mode: 'deny', timeoutMs: 2000, rules: [rule('Glob'), rule('Read')] },
  })
  await expect(client.run(claude.agent('b', { policy: 'bold' }))).rejects.toMatchObject({
    code: 'invalid_request',
    message: 'policy: config.yaml has no policy "bold"; it has: careful.',
  })
  await expect(client.run(claude.agent('b', { policy: 'constructor' }))).rejects.toMatchObject({
    code: 'invalid_request',
  })
  await expect(client.run({ ...cat, policy: 'careful' })).rejects.toMatchObject({
    code: 'unsupported',
    message: 'policy: the command provider never asks for approval.',
  })
})
