import { expect, test } from 'vitest'
import { claudeProvider } from './index.ts'
import { ClaudeOptions } from './options.ts'
import { refuseClaudeArguments } from './refuse-arguments.ts'

const problems = (options: object): string[] =>
  ClaudeOptions.safeParse(options).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  ) ?? []

test.for([
  [['--model', 'opus'], '--model is set by Drover: use the model of the agent'],
  [['--permission-mode=plan'], '--permission-mode is set by Drover: use the option permissionMode'],
  [['--bare', '--resume', 'x'], '--resume is set by Drover'],
  [['-p'], '-p is set by Drover'],
  [['hello'], 'hello would be taken for a message'],
] as const)('the arguments %j are refused by name', ([args, reason]) => {
  expect(refuseClaudeArguments(args)).toBe(reason)
})

test('other arguments are its own, and no name is a trap', () => {
  expect(refuseClaudeArguments([])).toBeNull()
  expect(refuseClaudeArguments(['--bare', 'model', 'toString', '--constructor'])).toBeNull()
})

test.for([
  [{ permissionMode: 'yolo' }, 'permissionMode'],
  [{ maxTurns: 0 }, 'maxTurns'],
  [{ addDirs: ['relative'] }, 'addDirs.0: must be an absolute path'],
  [{ configDir: '~/.claude' }, 'configDir: must be an absolute path'],
  [{ allowedTools: ['--model'] }, "allowedTools.0: can't begin with -"],
  [{ fallbackModel: '-x' }, 'fallbackModel'],
  [{ noSuchOption: 1 }, 'noSuchOption'],
] as const)('%j is refused, and named', ([options, problem]) => {
  expect(problems(options)).toEqual([expect.stringContaining(problem)])
})

test.for([
  ['default', true],
  ['plan', true],
  [undefined, true],
  ['bypassPermissions', false],
  ['dontAsk', false],
] as const)('whether a person is asked in mode %s: %s', ([permissionMode, isAsked]) => {
  expect(claudeProvider.capabilitiesWith?.({ permissionMode })).toEqual({
    ...claudeProvider.capabilities,
    approvals: isAsked,
  })
})
