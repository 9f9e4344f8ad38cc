import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { callCli, type CliOptions } from '../../test/fixtures/cli-harness.ts'
import { DroverError } from '../schema/error.ts'
import type { RunnerCheckRequest, RunnerFinding } from '../schema/reports.ts'

const home = mkdtempSync(path.join(tmpdir(), 'drover-runner-'))
afterAll(() => rmSync(home, { recursive: true }))

const right: RunnerFinding = { check: 'ready', verdict: 'right', detail: 'after 5 ms', hint: null }
const wrong: RunnerFinding = {
  check: 'stop',
  verdict: 'wrong',
  detail: 'it still runs\n\u001B[31mred',
  hint: 'Leave the loop.',
}
const note: RunnerFinding = { check: 'output', verdict: 'note', detail: 'x', hint: null }

/** The command line with a check that finds these. */
async function call(
  argv: readonly string[],
  findings: readonly RunnerFinding[] = [right],
  options: Partial<CliOptions> = {},
) {
  let asked: RunnerCheckRequest | undefined
  const result = await callCli(['runner', ...argv], {
    home,
    ...options,
    overrides: {
      checkRunner: async (request) => {
        asked = request
        findings.forEach((finding) => request.report(finding))
        const isRight = findings.every(({ verdict }) => verdict !== 'wrong')
        return { program: request.program, isRight, findings }
      },
    },
  })
  return { ...result, asked }
}

describe('drover runner check', () => {
  test('tells each finding as a line, with what to do, and sums them up', async () => {
    expect(await call(['check', 'agent'], [right, wrong, note])).toMatchObject({
      exitCode: 1,
      stdout: [
        'yes  ready          after 5 ms',
        'no   stop           it still runs red',
        '                    → Leave the loop.',
        'note output         x',
        '1 right, 1 wrong, 1 to know',
        '',
      ].join('\n'),
    })
    expect(await call(['check', 'agent'], [right, note])).toMatchObject({ exitCode: 0 })
  })

  test('is one object with --json, and the same exit code', async () => {
    const { exitCode, stdout } = await call(['check', '--json', 'agent', 'x'], [right, wrong])
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      program: ['agent', 'x'],
      isRight: false,
      findings: [right, wrong],
    })
  })

  test.each([
    [['python3', '-u', 'agent.py', '--json', '--help', '--timeout', '1']],
    [['--', 'python3', '-u', 'agent.py', '--json', '--help']],
    [['python3', '-u', '--', 'agent.py']],
  ])('leaves what is behind the program to the program: %j', async (words) => {
    const { asked, stdout } = await call(['check', ...words])
    expect(asked?.program).toEqual(words.filter((word) => word !== '--'))
    expect(stdout).toContain('1 right, 0 wrong')
  })

  test('gives its options on: the folder, the question, the time, the environment', async () => {
    const options = ['--prompt', 'Count to ten.', '--timeout', '2m', '--env', 'KEY=a=b']
    const { asked } = await call(['check', ...options, 'agent'])
    expect(asked).toMatchObject({
      program: ['agent'],
      dir: home,
      prompt: 'Count to ten.',
      deadlineMs: 120_000,
      env: { KEY: 'a=b' },
    })
  })

  test.each([
    [['check'], 'needs a program'],
    [['check', '--timeout', 'long', 'agent'], '--timeout'],
    [['check', '--nonsense', 'agent'], '--nonsense'],
    [[], 'subcommand'],
  ])('refuses %j', async (argv, words) => {
    expect(await call(argv)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining(words),
    })
  })

  test('says which program is not there', async () => {
    const missing = new DroverError('program_not_found', 'program: there is no executable "x".')
    const { stderr } = await callCli(['runner', 'check', 'x'], {
      home,
      overrides: { checkRunner: () => Promise.reject(missing) },
    })
    expect(stderr).toContain('there is no executable "x"')
  })
})
