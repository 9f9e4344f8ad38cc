import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { GitFolder, gitIn } from '../support/git-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const up = { waitSeconds: 30 }

/** An agent that says where it is, with each line it is told. */
const walker = (dir: string, name = 'a', rest: Partial<RunRequestInput> = {}): RunRequestInput => ({
  template: 'command',
  program: ['/bin/sh', '-c', 'while read -r _; do pwd; done'],
  name,
  dir,
  worktree: {},
  ...rest,
})

async function worktreeOf({ client }: TestDaemon, name = 'a'): Promise<string> {
  return (await client.show(name)).spec.worktree?.folder ?? ''
}

/** Config of a repository by which git runs a command: each leaves its name in a folder. */
const planted = (folder: string): Record<string, string> => {
  const leave = (name: string): string => `sh -c 'touch ${folder}/${name}; cat'`
  return {
    'filter.x.clean': leave('clean'),
    'filter.x.process': leave('process'),
    'filter.x.required': 'true',
    'filter.a=b.clean': leave('odd'),
    'core.fsmonitor': leave('fsmonitor'),
    'core.sshCommand': leave('ssh'),
    'protocol.ext.allow': 'always',
    'remote.far.url': `ext::sh -c touch% ${folder}/ext`,
    'remote.far.promisor': 'true',
    'extensions.partialClone': 'far',
    'core.pager': leave('pager'),
    'diff.external': leave('diff'),
  }
}

test('nothing that the config of a repository names is run by looking at a worktree, or by removing it', async () => {
  using repository = new GitFolder()
  using traces = temporaryFolder()
  await using daemon = await startTestDaemon()
  const { client } = daemon
  await client.run({ ...walker(repository.path), prompt: 'where?' }, up)
  const folder = await worktreeOf(daemon)
  repository.git('config', 'core.repositoryFormatVersion', '1')
  for (const [name, value] of Object.entries(planted(traces.path))) {
    repository.git('config', name, value)
  }
  writeFileSync(path.join(repository.path, '.git', 'info', 'attributes'), '* filter=x\n')
  // As new as its entry in the index, so that it is read.
  writeFileSync(path.join(folder, 'README.md'), 'HELLO\n')
  await client.stop('a', up)
  const shown = await client.worktrees.show('a')
  expect(shown).toMatchObject({ uncommitted: 1 })
  await client.remove('a', up)
  expect(readdirSync(traces.path)).toEqual([])
  // They would have been run: a person's own git does.
  expect(() => gitIn(folder, 'status')).toThrow("filter 'x' failed")
  expect(readdirSync(traces.path)).not.toEqual([])
})

describe('an agent with a worktree', () => {
  test('works in a folder and on a branch of its own, made when it first starts', async () => {
    using repository = new GitFolder()
    // What leads git elsewhere is for agents, not for what Drover does.
    const env = { GIT_DIR: '/nowhere', GIT_WORK_TREE: '/nowhere', GIT_INDEX_FILE: '/nowhere' }
    await using daemon = await startTestDaemon({ config: { env } })
    const { client, home } = daemon
    const made = await client.run({ ...walker(repository.path), prompt: 'where?' }, up)
    expect(made).toMatchObject({ notes: [], message: { state: 'done' } })
    const { spec, dir } = await client.show('a')
    const folder = await worktreeOf(daemon)
    expect(dir).toBe(folder)
    expect(folder).toMatch(new RegExp(`^${home.worktreesFolder}/a-[a-z0-9]{8}$`))
    expect(made.message?.reply).toBe(folder)
    expect(spec).toMatchObject({
      workspace: 'isolated',
      worktree: { source: repository.path, base: repository.git('rev-parse', 'HEAD') },
    })
    expect(readFileSync(path.join(folder, 'README.md'), 'utf8')).toBe('hello\n')
    expect(repository.worktrees()).toEqual([folder])
    expect(gitIn(folder, 'branch', '--show-current')).toBe(spec.worktree?.branch)
    expect(await client.worktrees.show('a')).toMatchObject({
      standing: 'in-use',
      cause: 'a works in it',
      uncommitted: 0,
      unpushed: 0,
    })
    expect(await client.send('a', { body: 'and now?' }, up)).toMatchObject({ reply: folder })
  })

  test('works as far below it as its folder is below the repository, on the branch it was given', async () => {
    using repository = new GitFolder()
    repository.commit({ 'packages/one/x.txt': 'x' })
    await using daemon = await startTestDaemon()
    const dir = path.join(repository.path, 'packages/one')
    const request = walker(dir, 'a', { worktree: { branch: 'feature/one' }, prompt: 'where?' })
    const { message } = await daemon.client.run(request, up)
    expect(message?.reply).toBe(path.join(await worktreeOf(daemon), 'packages/one'))
    expect(repository.branches()).toEqual(['feature/one', 'main'])
  })

  test('gets the untracked files that .worktreeinclude names, and no hook of the repository is run', async () => {
    using repository = new GitFolder()
    using outside = temporaryFolder()
    repository.commit({ '.gitignore': 'secret*\nnode_modules/\n', 'kept/one': '1' })
    repository.write({
      '.worktreeinclude': '# local settings\n.env*\n!.env.old\n/deep/**/*.key\n',
      '.env': 'A=1',
      '.env.old': 'B=1',
      'deep/er/one.key': 'k',
      'deep/er/one.txt': 't',
      'secret.txt': 's',
    })
    chmodSync(path.join(repository.path, '.env'), 0o600)
    symlinkSync('/etc/hostname', path.join(repository.path, '.env.link'))
    const hook = path.join(repository.path, '.git/hooks/post-checkout')
    writeFileSync(hook, `#!/bin/sh\ntouch '${outside.path}/hooked'\n`)
    chmodSync(hook, 0o755)
    await using daemon = await startTestDaemon()
    await daemon.client.run({ ...walker(repository.path), prompt: 'where?' }, up)
    const folder = await worktreeOf(daemon)
    const has = (name: string): boolean => existsSync(path.join(folder, name))
    expect(readFileSync(path.join(folder, '.env'), 'utf8')).toBe('A=1')
    expect(
      ['.env', '.env.link', 'deep/er/one.key', 'kept/one'].filter((name) => !has(name)),
    ).toEqual([])
    expect(['.env.old', 'deep/er/one.txt', 'secret.txt', '.worktreeinclude'].filter(has)).toEqual(
      [],
    )
    expect(existsSync(path.join(outside.path, 'hooked'))).toBe(false)
  })

  test('is told that the folder has changes which it begins without', async () => {
    using repository = new GitFolder()
    repository.write({ 'README.md': 'changed\n' })
    await using daemon = await startTestDaemon()
    const { notes } = await daemon.client.run({ ...walker(repository.path), prompt: 'go' }, up)
    expect(notes).toEqual([
      `${repository.path} has changes that are not committed; the worktree begins without them.`,
    ])
    expect(readFileSync(path.join(await worktreeOf(daemon), 'README.md'), 'utf8')).toBe('hello\n')
  })

  test('may have it by its template, and a request may do without', async () => {
    using repository = new GitFolder()
    await using daemon = await startTestDaemon()
    const { client, home } = daemon
    mkdirSync(home.templatesFolder, { recursive: true })
    const template = { provider: 'command', program: ['/bin/cat'], workspace: 'isolated' }
    writeFileSync(path.join(home.templatesFolder, 'mine.yaml'), JSON.stringify(template))
    await client.run({ template: 'mine', name: 'a', dir: repository.path }, up)
    await client.run({ template: 'mine', name: 'b', dir: repository.path, workspace: 'shared' }, up)
    await client.run({ template: 'mine', name: 'c' }, up)
    expect((await client.show('a')).dir).toBe(await worktreeOf(daemon))
    expect((await client.show('b')).dir).toBe(repository.path)
    // Its own folder in the home is nobody else's already.
    expect((await client.show('c')).spec.worktree).toBeUndefined()
  })
})

describe('a worktree that can not be had is an error at once, and nothing is made:', () => {
  const cases: [string, (repository: GitFolder) => Partial<RunRequestInput>, RegExp][] = [
    [
      'a folder without git',
      () => ({ dir: '/usr' }),
      /^worktree: \/usr is in no git repository\.$/,
    ],
    [
      'a branch that is checked out',
      () => ({ worktree: { branch: 'main' } }),
      /^worktree: branch main is checked out at .*drover-git-/,
    ],
    [
      'a branch that is there',
      (repository) => {
        repository.git('branch', 'taken')
        return { worktree: { branch: 'taken' } }
      },
      /^worktree: branch taken is there already\.$/,
    ],
    [
      'a branch below one that is there',
      (repository) => {
        repository.git('branch', 'taken')
        return { worktree: { branch: 'taken/below' } }
      },
      /^worktree: branch taken is there already\.$/,
    ],
    [
      'a branch above one that is there',
      (repository) => {
        repository.git('branch', 'deep/one')
        return { worktree: { branch: 'deep' } }
      },
      /^worktree: there are branches below deep, such as deep\/one\.$/,
    ],
    [
      'a folder that no commit has',
      (repository) => {
        mkdirSync(path.join(repository.path, 'new'))
        return { dir: path.join(repository.path, 'new') }
      },
      /^worktree: .*\/new is not in the last commit of /,
    ],
    [
      'the inside of git',
      (repository) => ({ dir: path.join(repository.path, '.git') }),
      /^worktree: .*\.git can't have one: this operation must be run in a work tree\.$/,
    ],
  ]
  test.for(cases)('%s', async ([, spoil, message]) => {
    using repository = new GitFolder()
    await using daemon = await startTestDaemon()
    const request = walker(repository.path, 'a', spoil(repository))
    await expect(daemon.client.run(request)).rejects.toMatchObject({
      code: 'invalid_worktree',
      message: expect.stringMatching(message) as string,
      details: { field: 'worktree' },
    })
    expect(await daemon.client.list({ all: true })).toEqual([])
    expect(await daemon.client.worktrees.list()).toEqual([])
  })

  test('a repository without commits', async () => {
    using repository = new GitFolder({ isEmpty: true })
    await using daemon = await startTestDaemon()
    await expect(daemon.client.run(walker(repository.path))).rejects.toMatchObject({
      code: 'invalid_worktree',
      message: expect.stringContaining('has no commits yet') as string,
    })
  })

  test('names of branches that are none, or options', async () => {
    using repository = new GitFolder()
    await using daemon = await startTestDaemon()
    for (const branch of ['-f', 'a..b', 'a b', 'x.lock', '/x', 'x/', '@', 'HEAD', 'a\u0000b', '']) {
      await expect(
        daemon.client.run(walker(repository.path, 'a', { worktree: { branch } })),
        branch,
      ).rejects.toMatchObject({ code: 'invalid_request' })
    }
  })

  test('a machine without git', async () => {
    using repository = new GitFolder()
    using empty = temporaryFolder()
    await using daemon = await startTestDaemon({ config: { env: { PATH: empty.path } } })
    await expect(daemon.client.run(walker(repository.path))).rejects.toMatchObject({
      code: 'program_not_found',
      message: 'worktree: git was not found on PATH.',
    })
  })

  test('a branch that another agent is to have, before either has started', async () => {
    using repository = new GitFolder()
    await using daemon = await startTestDaemon({ config: { admission: { freeBytes: 2 ** 50 } } })
    const branch = 'mine'
    await daemon.client.run(walker(repository.path, 'a', { worktree: { branch } }))
    await expect(
      daemon.client.run(walker(repository.path, 'b', { worktree: { branch } })),
    ).rejects.toMatchObject({ message: "worktree: branch mine is to be another agent's." })
    await daemon.client.remove('a', up)
    expect(await daemon.client.worktrees.list()).toEqual([])
    expect(repository.branches()).toEqual(['main'])
  })

  test('a branch that somebody made before it started fails its start, and says so', async () => {
    using repository = new GitFolder()
    await using daemon = await startTestDaemon({ config: { admission: { freeBytes: 2 ** 50 } } })
    const { client, home } = daemon
    await client.run(walker(repository.path, 'a', { worktree: { branch: 'mine' } }))
    repository.git('branch', 'mine', repository.git('commit-tree', '-m', 'x', 'HEAD^{tree}'))
    await daemon.kill()
    writeFileSync(home.configFile, JSON.stringify({ port: 0 }))
    await daemon.start()
    await expect
      .poll(async () => (await client.show('a')).cause, { timeout: 20_000 })
      .toContain('branch mine was made by somebody else meanwhile')
  })
})

describe('an agent that is removed', () => {
  /** Removes it and gives what became of its worktree. */
  async function removed({
    client,
  }: TestDaemon): Promise<{ isRemoved: boolean | null; cause: string | null }> {
    const { worktree } = await client.remove('a', { force: true, ...up })
    if (!worktree) {
      throw new Error('It had no worktree.')
    }
    return worktree
  }

  async function start(
    repository: GitFolder,
    rest: Partial<RunRequestInput> = {},
  ): Promise<{ daemon: TestDaemon; folder: string }> {
    const daemon = await startTestDaemon()
    await daemon.client.run({ ...walker(repository.path, 'a', rest), prompt: 'go' }, up)
    return { daemon, folder: await worktreeOf(daemon) }
  }

  test('takes a worktree along in which nothing was done, with its branch', async () => {
    using repository = new GitFolder()
    const { daemon, folder } = await start(repository)
    await using _ = daemon
    expect(await removed(daemon)).toMatchObject({ isRemoved: true })
    expect(existsSync(folder)).toBe(false)
    expect(repository.worktrees()).toEqual([])
    expect(repository.branches()).toEqual(['main'])
    expect(await daemon.client.worktrees.list()).toEqual([])
  })

  test('leaves files that are not committed where they are, says so, and a later prune keeps them until they are', async () => {
    using repository = new GitFolder()
    const { daemon, folder } = await start(repository)
    await using _ = daemon
    const { client } = daemon
    writeFileSync(path.join(folder, 'new.txt'), 'new')
    writeFileSync(path.join(folder, 'README.md'), 'changed')
    expect(await client.worktrees.show('a')).toMatchObject({ uncommitted: 2, unpushed: 0 })
    expect(await removed(daemon)).toMatchObject({
      folder,
      isRemoved: false,
      cause: '2 files are not committed',
    })
    const event = (await readEvents(client)).find(({ type }) => type === 'agent.removed')
    expect(event?.data).toMatchObject({ worktree: { folder, isRemoved: false } })
    expect(readFileSync(path.join(folder, 'new.txt'), 'utf8')).toBe('new')
    const [kept] = await client.worktrees.prune({ dryRun: false })
    expect(kept).toMatchObject({ agent: 'a', hasAgent: false, standing: 'dirty', isRemoved: false })

    gitIn(folder, 'checkout', '--quiet', '--', 'README.md')
    rmSync(path.join(folder, 'new.txt'))
    const [dry] = await client.worktrees.prune({ dryRun: true })
    expect(dry).toMatchObject({ standing: 'clean', isRemoved: true })
    expect(existsSync(folder)).toBe(true)
    const [gone] = await client.worktrees.prune({ dryRun: false })
    expect(gone).toMatchObject({ standing: 'clean', isRemoved: true })
    expect(existsSync(folder)).toBe(false)
    expect(await client.worktrees.prune({ dryRun: false })).toEqual([])
  })

  test('leaves commits that are nowhere else, until they are pushed or merged', async () => {
    using repository = new GitFolder()
    const { daemon, folder } = await start(repository)
    await using _ = daemon
    const { client } = daemon
    const commit = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet']
    gitIn(folder, ...commit, '--allow-empty', '-m', 'one')
    gitIn(folder, ...commit, '--allow-empty', '-m', 'two')
    expect(await client.worktrees.show('a')).toMatchObject({ uncommitted: 0, unpushed: 2 })
    expect(await removed(daemon)).toMatchObject({
      isRemoved: false,
      cause: '2 commits are on no other branch and not pushed',
    })
    const [{ branch } = { branch: '' }] = await client.worktrees.list()
    repository.git('merge', '--quiet', '--ff-only', branch)
    expect(await client.worktrees.prune({ dryRun: false })).toMatchObject([{ isRemoved: true }])
    expect(repository.branches()).toEqual(['main'])
    expect(repository.git('rev-list', '--count', 'HEAD')).toBe('3')
  })

  test.for([
    [
      'a commit on no branch at all',
      'unpushed',
      (folder: string) => {
        gitIn(folder, 'checkout', '--quiet', '--detach')
        gitIn(
          folder,
          '-c',
          'user.name=a',
          '-c',
          'user.email=a@example.org',
          'commit',
          '--quiet',
          '--allow-empty',
          '-m',
          'x',
        )
      },
    ],
    [
      'a worktree that somebody locked',
      'in-use',
      (folder: string) => gitIn(folder, 'worktree', 'lock', folder),
    ],
    [
      'a worktree whose git is broken',
      'unknown',
      (folder: string) => writeFileSync(path.join(folder, '.git'), 'gitdir: /nowhere'),
    ],
    [
      'a worktree that is another repository now',
      'unknown',
      (folder: string) => {
        rmSync(path.join(folder, '.git'))
        gitIn(folder, 'init', '--quiet')
      },
    ],
  ] as const)('leaves %s', async ([, standing, spoil]) => {
    using repository = new GitFolder()
    const { daemon, folder } = await start(repository)
    await using _ = daemon
    spoil(folder)
    expect(await removed(daemon)).toMatchObject({ isRemoved: false })
    expect(await daemon.client.worktrees.prune({ dryRun: false })).toMatchObject([
      { standing, isRemoved: false },
    ])
    expect(existsSync(path.join(folder, 'README.md'))).toBe(true)
  })

  test('leaves a worktree in which another one works', async () => {
    using repository = new GitFolder()
    const { daemon, folder } = await start(repository)
    await using _ = daemon
    const { client } = daemon
    await client.run({ template: 'command', program: ['/bin/cat'], name: 'guest', dir: folder }, up)
    expect(await removed(daemon)).toMatchObject({ isRemoved: false, cause: 'guest works in it' })
    await client.remove('guest', { force: true, ...up })
    expect(await client.worktrees.prune({ dryRun: false })).toMatchObject([{ isRemoved: true }])
  })

  test('whose worktree or whole repository a person deleted goes without a word', async () => {
    using repository = new GitFolder()
    const { daemon, folder } = await start(repository)
    await using _ = daemon
    rmSync(folder, { recursive: true })
    expect(await removed(daemon)).toMatchObject({ isRemoved: true })
    expect(repository.branches()).toEqual(['main'])
    await daemon.client.run({ ...walker(repository.path, 'a'), prompt: 'go' }, up)
    const second = await worktreeOf(daemon)
    rmSync(repository.path, { recursive: true })
    expect(await removed(daemon)).toMatchObject({ isRemoved: false })
    rmSync(second, { recursive: true })
    expect(await daemon.client.worktrees.prune({ dryRun: false })).toMatchObject([
      { isRemoved: true },
    ])
  })

  test('when its one task is done, too: what it did not commit stays', async () => {
    using repository = new GitFolder()
    await using daemon = await startTestDaemon()
    const { client } = daemon
    const program = ['/bin/sh', '-c', 'read -r _; echo mine > mine.txt; echo done; exec cat']
    const request = walker(repository.path, 'a', { program, ephemeral: true, prompt: 'go' })
    await client.run(request, up)
    await expect
      .poll(async () => (await client.list({ all: true })).length, { timeout: 20_000 })
      .toBe(0)
    const [kept] = await client.worktrees.list()
    expect(kept).toMatchObject({ standing: 'dirty', hasAgent: false })
    expect(readFileSync(path.join(kept?.folder ?? '', 'mine.txt'), 'utf8')).toBe('mine\n')
  })
})
