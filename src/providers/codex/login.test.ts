import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { codexLogin, homeOf } from './login.ts'

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

test('of an agent, its own counts, and that of the person', () => {
  expect(look(key)).toBe('yes')
  expect(look(account)).toBe('yes')
  expect(look(nobody)).toBe('no')
  expect(look(nobody, { stateFolder: state })).toBe('yes')
  expect(look(nobody, { options: { configDir: path.join(account, '.codex') } })).toBe('yes')
})

test('an agent has a home of its own, but with a login to an account, which can not be in two places', () => {
  const home = (HOME: string, rest: object = {}) =>
    homeOf({ env: { HOME }, upstreams: {}, stateFolder: nobody, configDir: undefined, ...rest })
  const own = { folder: path.join(nobody, 'codex'), isOwn: true }
  const openai = { url: 'http://127.0.0.1:1' }
  expect(home(nobody)).toEqual(own)
  expect(home(key)).toEqual(own)
  expect(home(account)).toEqual({ folder: path.join(account, '.codex'), isOwn: false })
  expect(home(account, { upstreams: { openai } })).toEqual(own)
  expect(home(account, { stateFolder: state }).isOwn).toBe(true)
  expect(home(account, { configDir: '/mine' })).toEqual({ folder: '/mine', isOwn: false })
})

test('an endpoint of config is a login; where another one may be named nobody knows', () => {
  expect(look(nobody, { upstreams: { openai: { url: 'http://127.0.0.1:1' } } })).toBe('yes')
  expect(look(nobody, { options: { configDir: nobody } })).toBe('unknown')
})
