import { expect, test } from 'vitest'
import { ClaudeOptions } from './options.ts'

const problems = (options: object): string[] =>
  ClaudeOptions.safeParse(options).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  ) ?? []

test.for([
  [['--model', 'opus'], 'args: --model is set by Drover: use the model of the agent'],
  [
    ['--permission-mode=plan'],
    'args: --permission-mode is set by Drover: use the option permissionMode',
  ],
  [['--bare', '--resume', 'x'], 'args: --resume is set by Drover'],
  [['-p'], 'args: -p is set by Drover'],
  [['hello'], 'args: begins with hello, which is no flag'],
  [['--bare', 'a\0b'], 'args.1: contains NUL'],
] as const)('the arguments %j are refused by name', ([args, problem]) => {
  expect(problems({ args: [...args] })).toEqual([problem])
})

test('other arguments are its own, and no name is a trap', () => {
  expect(problems({ args: ['--bare', '--betas', 'model', 'toString', '--constructor'] })).toEqual(
    [],
  )
})

test.for([
  [{ permissionMode: 'yolo' }, 'permissionMode'],
  [{ maxTurns: 0 }, 'maxTurns'],
  [{ effort: 'huge' }, 'effort'],
  [{ additionalDirs: ['relative'] }, 'additionalDirs.0: must be an absolute path'],
  [{ configDir: '~/.claude' }, 'configDir: must be an absolute path'],
  [{ allowedTools: ['--model'] }, "allowedTools.0: can't begin with -"],
  [{ fallbackModel: '-x' }, 'fallbackModel'],
  [{ noSuchOption: 1 }, 'noSuchOption'],
] as const)('%j is refused, and named', ([options, problem]) => {
  expect(problems(options)).toEqual([expect.stringContaining(problem)])
})
