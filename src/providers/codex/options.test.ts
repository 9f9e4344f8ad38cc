import { describe, expect, test } from 'vitest'
import { checkCodexSpec } from './check-spec.ts'
import { CodexOptions } from './options.ts'
import { refusedArgument } from './refused-arguments.ts'

/** What is wrong with options, by field. */
function complaints(options: object): [string, string][] {
  const { error } = CodexOptions.safeParse(options)
  return (error?.issues ?? []).map(({ path, message }) => [path.join('.'), message])
}

describe('options', () => {
  test('need not be said', () => {
    expect(CodexOptions.parse({})).toEqual({
      protocol: 'app-server',
      network: false,
      projectHooks: false,
    })
  })

  test('that a way of talking to it can not have are refused at once', () => {
    expect(complaints({ protocol: 'exec', approvalPolicy: 'on-request' })).toEqual([
      ['approvalPolicy', 'codex exec can ask nobody: never, or protocol app-server'],
    ])
    expect(complaints({ protocol: 'exec', approvalPolicy: 'never' })).toEqual([])
  })

  test('that are folders are absolute', () => {
    expect(complaints({ configDir: '~/.codex' }).map(([field]) => field)).toEqual(['configDir'])
  })
})

describe('arguments', () => {
  test.for([
    ['-m', ['-m', 'x'], 'use --model'],
    ['--listen', ['--listen=off'], 'over stdio'],
    ['-c model', ['-c', 'model="x"'], 'use --model'],
    ['--config approval_policy', ['--config=approval_policy=never'], 'option approvalPolicy'],
    ['-c analytics.enabled', ['--enable', 'a', '-c', 'analytics.enabled=true'], 'Drover sets it'],
    ['daemon', ['daemon'], 'the first argument is a flag'],
  ] as const)('%s is refused by name', ([name, args, way]) => {
    expect(refusedArgument(args)).toContain(`${name} can't be given: `)
    expect(refusedArgument(args)).toContain(way)
  })

  test('that are not Drover’s own are taken', () => {
    const args = ['--enable', 'a', '-c', 'model_providers.drover.request_max_retries=0']
    expect(refusedArgument(args)).toBeNull()
    expect(refusedArgument([])).toBeNull()
  })
})

test.for([
  ['over the app-server', { configDir: '/mine' }, 'work', 'unsupported'],
  ['without the folder that it is in', { protocol: 'exec' }, 'work', 'invalid_request'],
  ['with a path', { protocol: 'exec', configDir: '/mine' }, '../work', 'invalid_request'],
] as const)('a profile %s is refused', ([, options, profile, code]) => {
  expect(() => checkCodexSpec({ profile, options })).toThrow(
    expect.objectContaining({ code, details: { field: 'profile' } }),
  )
})

test('a profile goes with codex exec and its folder', () => {
  checkCodexSpec({ profile: 'work', options: { protocol: 'exec', configDir: '/mine' } })
})
