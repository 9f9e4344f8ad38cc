import { execFileSync } from 'node:child_process'
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createTemporaryFolder } from './temporary-folder.ts'

const environment = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
}

/** A git repository of a test's own. */
export class GitFolder implements Disposable {
  readonly path = realpathSync(createTemporaryFolder('drover-git-'))

  /** Without a first commit where none is wanted. */
  constructor({ isEmpty = false }: { isEmpty?: boolean } = {}) {
    this.git('init', '--quiet', '--initial-branch=main')
    if (!isEmpty) {
      this.commit({ 'README.md': 'hello\n' })
    }
  }

  git(...args: string[]): string {
    return gitIn(this.path, ...args)
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(this.path, name)), { recursive: true })
      writeFileSync(path.join(this.path, name), text)
    }
  }

  /** Writes files and commits them; gives the commit. */
  commit(files: Readonly<Record<string, string>>): string {
    this.write(files)
    this.git('add', '--force', ...Object.keys(files))
    this.git('commit', '--quiet', '--message=work')
    return this.git('rev-parse', 'HEAD')
  }

  branches(): string[] {
    return this.git('for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n')
  }

  /** Folders of its worktrees, beside its own. */
  worktrees(): string[] {
    const lines = this.git('worktree', 'list', '--porcelain').split('\n')
    const folders = lines
      .filter((line) => line.startsWith('worktree '))
      .map((line) => line.slice(9))
    return folders.filter((folder) => folder !== this.path)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Runs git in a folder, as somebody who has no config. */
export function gitIn(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...args], {
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}
