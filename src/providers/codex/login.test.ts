import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { codexLogin } from './login.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-codex-login-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder of Codex's with this login, below a new folder. */
function login(name: string, place: string, content: object): string {
  const home = path.join(folder, name)
  mkdirSync(path.join(home, place), { recursive: true })
  writeFileSync(path.join(home, place, 'auth.json'), JSON.stringify(content))
  return home
}

const key = login('key', '.codex', { OPENAI_API_KEY: 'sk' })
const account = login('account', '.codex', { tokens: { access_token: 'a' } })
const state = login('state', 'codex', { tokens: { access_token: 'a' } })
const nobody = path.join(folder, 'nobody')

const look = (HOME: string, rest: object = {}) =>
  codexLogin({ env: { HOME }, upstreams: {}, options: {}, stateFolder: nobody, ...rest })

test('on the machine, any login counts', () => {
  expect(look(key, { stateFolder: null })).toBe('yes')
  expect(look(account, { stateFolder: null })).toBe('yes')
  expect(look(nobody, { stateFolder: null })).toBe('no')
})

test('of an agent, a key counts, an account only in the folder that it uses', () => {
  expect(look(key)).toBe('yes')
  expect(look(account)).toBe('no')
  expect(look(account, { options: { configDir: path.join(account, '.codex') } })).toBe('yes')
  expect(look(nobody, { stateFolder: state })).toBe('yes')
})

test('an endpoint of config is a login; where another one may be named nobody knows', () => {
  expect(look(nobody, { upstreams: { openai: { url: 'http://127.0.0.1:1' } } })).toBe('yes')
  expect(look(nobody, { options: { args: ['-c', 'model_provider="x"'] } })).toBe('unknown')
  expect(look(nobody, { options: { configDir: nobody } })).toBe('unknown')
})
