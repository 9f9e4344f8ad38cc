import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { claudeLogin } from './login.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-login-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A home with these files in its `.claude`. */
function home(name: string, files: Record<string, string> = {}): string {
  const place = path.join(folder, name)
  mkdirSync(path.join(place, '.claude'), { recursive: true })
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(path.join(place, '.claude', file), content)
  }
  return place
}

const look = (env: Record<string, string>, rest = {}, platform: NodeJS.Platform = 'linux') =>
  claudeLogin({ env, upstreams: {}, options: {}, programPath: null, ...rest }, platform)

test('a home that nobody logged in from has no login, and where a key chain may have it nobody knows', () => {
  const empty = home('empty')
  expect(look({ HOME: empty })).toBe('no')
  expect(look({ HOME: path.join(folder, 'no-such-home') })).toBe('no')
  expect(look({ HOME: empty }, {}, 'darwin')).toBe('unknown')
  expect(look({})).toBe('unknown')
  expect(look({ HOME: empty }, { programPath: '/opt/wrapper' })).toBe('unknown')
})

test('what /login left, a key helper, a key, or an endpoint of config is a login', () => {
  const credentials = home('credentials', { '.credentials.json': '{"claudeAiOauth":{}}' })
  expect(look({ HOME: credentials })).toBe('yes')
  expect(look({ HOME: home('helper', { 'settings.json': '{"apiKeyHelper":"key.sh"}' }) })).toBe(
    'yes',
  )
  const inSettings = { 'settings.json': '{"env":{"ANTHROPIC_API_KEY":"k"}}' }
  expect(look({ HOME: home('env', inSettings) })).toBe('yes')
  const empty = home('empty')
  expect(look({ HOME: empty, CLAUDE_CODE_OAUTH_TOKEN: 't' })).toBe('yes')
  expect(look({ HOME: empty }, { upstreams: { anthropic: { url: 'http://127.0.0.1:1' } } })).toBe(
    'yes',
  )
  expect(look({ HOME: empty, CLAUDE_CODE_USE_BEDROCK: '1' })).toBe('unknown')
})

test('an account of its own is looked for in its folder, and in no other', () => {
  const credentials = home('credentials', { '.credentials.json': '{}' })
  const options = { configDir: path.join(home('other'), '.claude') }
  expect(look({ HOME: credentials }, { options })).toBe('no')
  const mine = { configDir: path.join(credentials, '.claude') }
  expect(look({ HOME: home('empty') }, { options: mine })).toBe('yes')
})

test('files that are no JSON are no login', () => {
  const broken = home('broken', { '.credentials.json': '{', 'settings.json': 'null' })
  expect(look({ HOME: broken })).toBe('no')
})
