import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ApprovalPolicy, type ApprovalRule } from '../schema/approval.ts'
import { describeRule, judgeCall, matches, type Judgement } from './approval-policy.ts'

/** A disk without links. */
const place = { dir: '/work', resolvePath: (file: string) => path.posix.normalize(file) }

function judge(
  rules: ApprovalRule[],
  tool: string,
  input: unknown,
  mode: ApprovalPolicy['mode'] = 'ask',
): Judgement {
  return judgeCall(ApprovalPolicy.parse({ mode, rules }), { tool, input }, place)
}

describe('a pattern', () => {
  test.for<[pattern: string, text: string, isMatch: boolean]>([
    ['*', '', true],
    ['*', 'a\nb', true],
    ['Bash', 'Bash', true],
    ['Bash', 'bash', false],
    ['mcp__*', 'mcp__files__read', true],
    ['git *', 'git log', true],
    ['git *', 'git', false],
    ['git *', 'legit log', false],
    ['*.ts', 'a.ts.js', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['[ab].$', '[ab].$', true],
    ['', '', true],
    ['', 'a', false],
  ])('%j on %j: %s', ([pattern, text, isMatch]) => {
    expect(matches(pattern, text)).toBe(isMatch)
  })

  test('is what a regular expression of the same meaning says', () => {
    const unit = fc.constantFrom('a', 'b', '*', '?', '\n')
    const pattern = fc.string({ unit, maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 })
    fc.assert(
      fc.property(pattern, text, (one, other) => {
        const source = one.replaceAll(/[*?]/g, (sign) => (sign === '*' ? '[^]*' : '[^]'))
        expect(matches(one, other)).toBe(new RegExp(`^${source}$`).test(other))
      }),
      { numRuns: 2000 },
    )
  })

  test('with many stars takes no time without end', () => {
    expect(matches(`${'a*'.repeat(50)}b`, 'a'.repeat(20_000))).toBe(false)
  })
})

describe('a policy', () => {
  test('is followed by its first rule that holds, else by its mode', () => {
    const rules: ApprovalRule[] = [
      { tool: 'Bash', input: 'rm *', mode: 'deny' },
      { tool: 'Bash', mode: 'allow' },
    ]
    expect(judge(rules, 'Bash', { command: 'rm x' }).mode).toBe('deny')
    expect(judge(rules, 'Bash', { command: 'ls' })).toEqual({
      mode: 'allow',
      cause: 'rule 2, Bash',
    })
    expect(judge(rules, 'Edit', {})).toEqual({ mode: 'ask', cause: 'its mode is ask' })
    expect(judge([], 'Edit', {}, 'deny').mode).toBe('deny')
    expect(judge([], 'Edit', {}, 'allow').mode).toBe('allow')
  })

  test('names a rule as it is written', () => {
    expect(describeRule({ tool: 'Bash', input: 'git *', dir: 'src' })).toBe('Bash(git *)@src')
  })
})

describe('a command', () => {
  const allow: ApprovalRule[] = [{ tool: 'Bash', input: 'git *', mode: 'allow' }]
  const deny: ApprovalRule[] = [{ tool: 'Bash', input: 'rm *', mode: 'deny' }]

  test.for([
    'git log',
    '  git log  ',
    'git add a && git commit -m b',
    'git log | git apply',
    "bash -lc 'git log'",
  ])('%j is allowed where each part is', (command) => {
    expect(judge(allow, 'Bash', { command }).mode).toBe('allow')
  })

  test.for([
    'git log; rm -rf /',
    'git log && rm x',
    'git log\nrm x',
    'git log & rm x',
    'git log | sh',
    'git log > /etc/passwd',
    'git log < /etc/shadow',
    'git $(rm x)',
    'git `rm x`',
    'git <(rm x)',
    'git ${x}',
    'GIT_PAGER=evil git log',
    "bash -c 'rm x'",
    'sudo git log',
    '',
    ';',
  ])('%j is not', (command) => {
    expect(judge(allow, 'Bash', { command }).mode).toBe('ask')
  })

  test.for([
    'rm x',
    'ls; rm x',
    'ls && rm x',
    'echo $(rm x)',
    'echo `rm x`',
    'ls\n rm x',
    '(rm x)',
    "bash -lc 'rm x'",
  ])('%j is denied for one part', (command) => {
    expect(judge(deny, 'Bash', { command }, 'allow').mode).toBe('deny')
  })

  test('may be a list of words, with a shell before them', () => {
    expect(judge(allow, 'Bash', { command: ['git', 'log'] }).mode).toBe('allow')
    expect(judge(allow, 'Bash', { command: ['/bin/bash', '-lc', 'git log'] }).mode).toBe('allow')
    expect(judge(allow, 'Bash', { command: ['bash', '-c', 'git log; rm x'] }).mode).toBe('ask')
    expect(judge(deny, 'Bash', { cmd: 'rm x' }, 'allow').mode).toBe('deny')
    expect(judge(deny, 'Bash', { argv: ['rm', 'x'] }, 'allow').mode).toBe('deny')
    expect(judge(allow, 'Bash', ['git', 'log']).mode).toBe('allow')
    expect(judge(allow, 'Bash', { argv: ['git', 'log'] }).mode).toBe('allow')
    expect(judge(allow, 'Bash', ['git', 'log; rm x']).mode).toBe('ask')
  })
})

describe('what is no command', () => {
  test.for<[input: unknown, pattern: string]>([
    [{ file_path: '/work/a.ts', text: 'x' }, '*/a.ts'],
    [{ url: 'https://example.com/x' }, 'https://example.com/*'],
    [{ query: 'weather' }, 'weather'],
    ['plain', 'plain'],
    [{ command: 'git fetch', host: 'github.com' }, 'github.com'],
    [{ b: 2, a: [1] }, '{"a":[1],"b":2}'],
  ])('%j is compared as %j', ([input, pattern]) => {
    expect(judge([{ tool: 'X', input: pattern, mode: 'allow' }], 'X', input).mode).toBe('allow')
  })
})

describe('no input at all', () => {
  const rules = (mode: ApprovalRule['mode']): ApprovalRule[] => [{ tool: 'X', input: '*', mode }]

  test.for([null, undefined])('%j is allowed by no pattern, and denied by any', (input) => {
    expect(judge(rules('allow'), 'X', input).mode).toBe('ask')
    expect(judge(rules('deny'), 'X', input, 'allow').mode).toBe('deny')
    expect(judge([{ tool: 'X', mode: 'allow' }], 'X', input).mode).toBe('allow')
  })
})

describe('a folder', () => {
  const rule = (mode: ApprovalRule['mode'], dir = 'src'): ApprovalRule[] => [
    { tool: '*', dir, mode },
  ]

  test.for<[file: string, isInside: boolean]>([
    ['src', true],
    ['src/a/b', true],
    ['/work/src/a', true],
    ['src/../src/a', true],
    ['src/../a', false],
    ['src2/a', false],
    ['/src/a', false],
    ['a', false],
    ['/work', false],
  ])('below src, %j is inside: %s', ([file, isInside]) => {
    const input = { file_path: file }
    expect(judge(rule('allow'), 'Edit', input).mode).toBe(isInside ? 'allow' : 'ask')
    expect(judge(rule('deny'), 'Edit', input, 'allow').mode).toBe(isInside ? 'deny' : 'allow')
  })

  test('may be absolute, and may be the root', () => {
    expect(judge(rule('allow', '/etc'), 'Edit', { path: '/etc/x' }).mode).toBe('allow')
    expect(judge(rule('allow', '/'), 'Edit', { path: '/etc/x' }).mode).toBe('allow')
  })

  test('must hold all paths to allow, and one to deny', () => {
    const input = { paths: ['src/a', 'b'] }
    expect(judge(rule('allow'), 'Edit', input).mode).toBe('ask')
    expect(judge(rule('deny'), 'Edit', input, 'allow').mode).toBe('deny')
  })

  test.for<[input: unknown]>([
    [{ source: 'src/a', destination: '/etc/x' }],
    [{ changes: [{ path: 'src/a' }, { path: 'b' }] }],
    [{ path: 'src/a', files: ['b'] }],
  ])('must hold every path that is named in any way: %j', ([input]) => {
    expect(judge(rule('allow'), 'X', input).mode).toBe('ask')
    expect(judge(rule('deny'), 'X', input, 'allow').mode).toBe('deny')
  })

  test('holds what is changed in it', () => {
    const input = { changes: [{ path: '/work/src/a', kind: 'add' }] }
    expect(judge(rule('allow'), 'apply_patch', input).mode).toBe('allow')
  })

  test.for<[unknown]>([
    [{ command: 'cat src/a', path: 'src/a' }],
    [{}],
    [null],
    [{ path: 7 }],
    [{ permissions: {}, cwd: 'src' }],
  ])('allows nothing where no path is named, and denies it: %j', ([input]) => {
    expect(judge(rule('allow'), 'X', input).mode).toBe('ask')
    expect(judge(rule('deny'), 'X', input, 'allow').mode).toBe('deny')
    expect(judge(rule('ask'), 'X', input, 'allow').mode).toBe('ask')
  })

  test('that can not be followed denies, whatever the rule and the mode', () => {
    const policy = ApprovalPolicy.parse({ mode: 'allow', rules: rule('allow') })
    const call = { tool: 'Edit', input: { path: 'src/a' } }
    const resolvePath = (): string => {
      throw new Error('EACCES')
    }
    expect(judgeCall(policy, call, { dir: '/work', resolvePath })).toEqual({
      mode: 'deny',
      cause: "rule 1, *@src can't be evaluated: EACCES",
    })
    expect(judge(rule('allow'), 'Edit', { path: '~/x' }, 'allow').mode).toBe('deny')
    expect(judge(rule('allow'), 'Edit', { path: 'a\0b' }, 'allow').mode).toBe('deny')
  })

  test('and a pattern must both hold', () => {
    const rules: ApprovalRule[] = [{ tool: 'Edit', input: '*.ts', dir: 'src', mode: 'allow' }]
    expect(judge(rules, 'Edit', { path: 'src/a.ts' }).mode).toBe('allow')
    expect(judge(rules, 'Edit', { path: 'src/a.js' }).mode).toBe('ask')
    expect(judge(rules, 'Edit', { path: 'a.ts' }).mode).toBe('ask')
  })
})
