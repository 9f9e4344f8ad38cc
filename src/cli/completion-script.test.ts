import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { requireOrSkip } from '../../test/support/real-programs.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { commands } from './commands.ts'

describe.each(['bash', 'zsh', 'fish'])('completion for %s', (shell) => {
  it('knows every command and its options', async () => {
    const { exitCode, stdout } = await callCli(['completion', shell], {
      home: '/tmp/drover-no-such-home',
    })
    expect(exitCode).toBe(0)
    const deep = ['detach', 'request-id', 'resume', 'time-zone', 'completion schedules']
    for (const word of [...Object.keys(commands), ...deep]) {
      expect(stdout).toContain(word)
    }
  })

  const isThere = spawnSync(shell, ['--version']).error === undefined
  requireOrSkip(shell, isThere)('is a script the shell can read', async () => {
    const { stdout } = await callCli(['completion', shell], { home: '/tmp/drover-no-such-home' })
    using folder = temporaryFolder()
    const file = path.join(folder.path, 'script')
    writeFileSync(file, stdout)
    expect(spawnSync(shell, ['-n', file])).toMatchObject({ status: 0 })
  })
})

it('completes commands in bash', async () => {
  const { stdout } = await callCli(['completion', 'bash'], { home: '/tmp/drover-no-such-home' })
  const script = `${stdout}\nCOMP_WORDS=(drover st); COMP_CWORD=1; _drover; echo "\${COMPREPLY[*]}"`
  expect(
    spawnSync('bash', ['--norc'], { input: script }).stdout.toString().trim().split(' ').toSorted(),
  ).toEqual(['start', 'status', 'stop'])
})

it('completes verbs and options of a command that holds others in bash', async () => {
  const { stdout } = await callCli(['completion', 'bash'], { home: '/tmp/drover-no-such-home' })
  const complete = (words: string, at: number): string[] => {
    const script = `${stdout}\nCOMP_WORDS=(drover ${words}); COMP_CWORD=${at}; _drover; echo "\${COMPREPLY[*]}"`
    return spawnSync('bash', ['--norc'], { input: script })
      .stdout.toString()
      .trim()
      .split(' ')
      .toSorted()
  }
  expect(complete('schedule r', 2)).toEqual(['resume', 'rm'])
  expect(complete('schedule add --t', 3)).toEqual([
    '--tag',
    '--target',
    '--template',
    '--time-zone',
    '--tmpfs',
    '--to',
    '--tries',
    '--trigger',
    '--tty',
  ])
})
