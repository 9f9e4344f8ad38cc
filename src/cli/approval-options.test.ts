import { expect, test } from 'vitest'
import { createApprovalRequest, parseRule } from './approval-options.ts'

test.for<[text: string, rule: object]>([
  ['Bash', { tool: 'Bash' }],
  ['*', { tool: '*' }],
  ['Bash(git *)', { tool: 'Bash', input: 'git *' }],
  ['Bash()', { tool: 'Bash', input: '' }],
  ['Bash(echo (a) @b)', { tool: 'Bash', input: 'echo (a) @b' }],
  ['Edit@src', { tool: 'Edit', dir: 'src' }],
  ['Bash(make *)@/srv/a b', { tool: 'Bash', input: 'make *', dir: '/srv/a b' }],
  [' mcp__files__* ', { tool: 'mcp__files__*' }],
])('%j is a rule', ([text, rule]) => {
  expect(parseRule('allow-tool', text)).toEqual(rule)
})

test.for(['', '(x)', '@src', 'Bash(', 'Bash)', 'Bash(x)y', 'Edit@'])('%j is none', (text) => {
  expect(() => parseRule('deny-tool', text)).toThrow(/^--deny-tool: .* is no rule/)
})

test('what denies goes before what asks, and that before what allows', () => {
  const rules = createApprovalRequest({
    allowTool: [{ tool: 'a' }],
    askTool: [{ tool: 'b' }],
    denyTool: [{ tool: 'c' }, { tool: 'd' }],
  }).approvals?.rules
  expect(rules?.map(({ tool, mode }) => `${mode} ${tool}`)).toEqual([
    'deny c',
    'deny d',
    'ask b',
    'allow a',
  ])
})

test('nothing is sent where nothing was said, so that the template decides', () => {
  expect(createApprovalRequest({})).toEqual({})
  expect(createApprovalRequest({ approveTimeout: 0 })).toEqual({ approvals: { timeoutMs: 0 } })
})
