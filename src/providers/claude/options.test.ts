import { expect, test } from 'vitest'
import { ClaudeOptions } from './options.ts'

const problems = (options: object): string[] =>
  ClaudeOptions.safeParse(options).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  ) ?? []

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
