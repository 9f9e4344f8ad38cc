import { expect, test } from 'vitest'
import { CodexOptions } from './options.ts'

/** What is wrong with options, by field. */
function complaints(options: object): [string, string][] {
  const { error } = CodexOptions.safeParse(options)
  return (error?.issues ?? []).map(({ path, message }) => [path.join('.'), message])
}

test('nothing needs to be said', () => {
  expect(CodexOptions.parse({})).toEqual({
    protocol: 'app-server',
    network: false,
    additionalDirs: [],
    args: [],
  })
})

test.for([
  ['-m', ['-m', 'x'], 'use --model'],
  ['--listen', ['--listen=off'], 'over stdio'],
  ['-c model', ['-c', 'model="x"'], 'use --model'],
  ['--config approval_policy', ['--config=approval_policy=never'], 'option approvalPolicy'],
  ['-c analytics.enabled', ['--enable', 'a', '-c', 'analytics.enabled=true'], 'Drover sets it'],
  ['daemon', ['daemon'], 'the first argument is a flag'],
] as const)('the argument %s is refused by name', ([name, args, way]) => {
  const [[field, message] = ['', '']] = complaints({ args })
  expect(field).toBe('args')
  expect(message).toContain(`${name} can't be given`)
  expect(message).toContain(way)
})

test('arguments that are not Drover’s own are taken', () => {
  const args = ['--enable', 'a', '-c', 'model_providers.drover.request_max_retries=0']
  expect(complaints({ args })).toEqual([])
})

test('what a way of talking to it can not do is said at once', () => {
  expect(complaints({ protocol: 'exec', approvalPolicy: 'on-request' })).toEqual([
    ['approvalPolicy', 'codex exec can ask nobody: never, or protocol app-server'],
  ])
  expect(complaints({ protocol: 'exec', approvalPolicy: 'never' })).toEqual([])
  expect(complaints({ profile: 'work', configDir: '/mine' })).toEqual([
    ['profile', 'codex app-server takes no profile: protocol exec does'],
  ])
  expect(complaints({ profile: 'work', protocol: 'exec' }).map(([field]) => field)).toEqual([
    'profile',
  ])
})

test('folders are absolute, and names are names', () => {
  expect(complaints({ configDir: '~/.codex' }).map(([field]) => field)).toEqual(['configDir'])
  expect(complaints({ additionalDirs: ['a'] }).map(([field]) => field)).toEqual([
    'additionalDirs.0',
  ])
  expect(complaints({ effort: 'very high' }).map(([field]) => field)).toEqual(['effort'])
})
