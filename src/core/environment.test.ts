import fc from 'fast-check'
import { expect, test } from 'vitest'
import { environmentNameProblem, ownPrefix, providerPrefixes } from '../schema/environment.ts'
import { buildEnvironment, inheritedVariables } from './environment.ts'

const reservedName = fc
  .tuple(
    fc.constantFrom(ownPrefix, ...providerPrefixes),
    fc.stringMatching(/^[A-Z_]{0,10}$/),
    fc.boolean(),
  )
  .map(([prefix, rest, isLower]) =>
    isLower ? `${prefix}${rest}`.toLowerCase() : `${prefix}${rest}`,
  )
const name = fc.oneof(
  reservedName,
  fc.constantFrom(...inheritedVariables, 'LC_ALL', 'SECRET'),
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/),
)
const variables = fc.dictionary(name, fc.string())

test("a variable that steers a provider, or is Drover's own, never comes from the host, be it asked for by name", () => {
  fc.assert(
    fc.property(variables, (host) => {
      const built = buildEnvironment({ host, passEnv: Object.keys(host), layers: [] })
      const leaked = Object.keys(built).filter((key) =>
        [ownPrefix, ...providerPrefixes].some((prefix) => key.toUpperCase().startsWith(prefix)),
      )
      expect(leaked.filter((key) => !key.startsWith('CLAUDE_CODE_EXPERIMENTAL_'))).toEqual([])
    }),
  )
})

test('nothing else comes from the host but what is listed', () => {
  fc.assert(
    fc.property(variables, (host) => {
      for (const [key, value] of Object.entries(
        buildEnvironment({ host, passEnv: [], layers: [] }),
      )) {
        expect(
          inheritedVariables.includes(key) || /^(LC_|CLAUDE_CODE_EXPERIMENTAL_)/.test(key),
        ).toBe(true)
        expect(value).toBe(host[key])
      }
    }),
  )
})

test('a later layer is stronger than an earlier one, and all are stronger than the host', () => {
  const built = buildEnvironment({
    host: {
      PATH: '/host',
      HOME: '/home/me',
      TOKEN: 'secret',
      CLAUDE_CODE_EXPERIMENTAL_TEAMS: '1',
      ANTHROPIC_API_KEY: 'key',
      DROVER_TOKEN: 'of the agent that started this daemon',
    },
    passEnv: ['TOKEN', 'DROVER_TOKEN'],
    layers: [{ PATH: '/config', A: '1' }, { A: '2' }, { ANTHROPIC_BASE_URL: 'http://127.0.0.1' }],
  })
  expect(built).toEqual({
    PATH: '/config',
    HOME: '/home/me',
    TOKEN: 'secret',
    CLAUDE_CODE_EXPERIMENTAL_TEAMS: '1',
    A: '2',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1',
  })
})

test.for([
  'CLAUDE_CODE_X',
  'claude_config_dir',
  'CODEX_HOME',
  'OLLAMA_HOST',
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'GEMINI_API_KEY',
  'DROVER_RUN',
  'drover_run',
])('a caller may not set %s', (reserved) => {
  expect(environmentNameProblem(reserved)).toContain('is reserved')
})

test.for(['', '1A', 'A-B', 'A B', 'Ä', 'A=B', 'A\n', 'A\0'])('%j is no name', (bad) => {
  expect(environmentNameProblem(bad)).toContain('must match')
})

test.for(['A', '_', 'path', 'CLAUDE_CODE_EXPERIMENTAL_TEAMS', 'MY_ANTHROPIC_API_KEY'])(
  'a caller may set %s',
  (good) => {
    expect(environmentNameProblem(good)).toBeNull()
  },
)
