import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { Logins, registryOf } from './logins.ts'

const signal = new AbortController().signal
const encode = (text: string): string => Buffer.from(text).toString('base64')

/** Logins of a user whose Docker has this configuration, and a helper `test` that keeps one secret. */
function loginsOf(config: object): Logins {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  mkdirSync(path.join(folder.path, '.docker'))
  writeFileSync(path.join(folder.path, '.docker', 'config.json'), JSON.stringify(config))
  const helper = `#!/bin/sh
[ "$#" = 1 ] && [ "$1" = get ] && read registry
case $registry in
kept.example) echo '{"ServerURL": "kept.example", "Username": "ada", "Secret": "s3cret"}' ;;
token.example) echo '{"ServerURL": "token.example", "Username": "<token>", "Secret": "t0ken"}' ;;
*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`
  writeFileSync(path.join(folder.path, 'docker-credential-test'), helper, { mode: 0o755 })
  const env = { PATH: `${folder.path}:/usr/bin:/bin` }
  return new Logins({ env, home: folder.path })
}

test.for([
  ['busybox', 'https://index.docker.io/v1/'],
  ['library/busybox:1', 'https://index.docker.io/v1/'],
  ['docker.io/library/busybox', 'https://index.docker.io/v1/'],
  ['ghcr.io/a/b:1', 'ghcr.io'],
  ['localhost/a', 'localhost'],
  ['box:5000/a@sha256:00', 'box:5000'],
] as const)('%s comes from %s', ([image, registry]) => {
  expect(registryOf(image)).toBe(registry)
})

test('a login is read from the file of Docker', async () => {
  const logins = loginsOf({
    auths: {
      'ghcr.io': { auth: encode('ada:pass:word') },
      'https://index.docker.io/v1/': { identitytoken: 'id' },
      'empty.example': {},
    },
  })
  const ghcr = { username: 'ada', password: 'pass:word', serveraddress: 'ghcr.io' }
  const hub = { identitytoken: 'id', serveraddress: 'https://index.docker.io/v1/' }
  expect(await logins.forImage('ghcr.io/a/b', signal)).toEqual(ghcr)
  expect(await logins.forImage('busybox', signal)).toEqual(hub)
  expect(await logins.forImage('empty.example/a', signal)).toBeNull()
  expect(await logins.forImage('other.example/a', signal)).toBeNull()
  expect(await logins.all(signal)).toEqual({ 'ghcr.io': ghcr, 'https://index.docker.io/v1/': hub })
})

test('a login is asked for where a program keeps it', async () => {
  const logins = loginsOf({
    auths: { 'kept.example': {}, 'own.example': { auth: encode('a:b') } },
    credsStore: 'test',
    credHelpers: { 'lost.example': 'not-there' },
  })
  expect(await logins.forImage('kept.example/a', signal)).toEqual({
    username: 'ada',
    password: 's3cret',
    serveraddress: 'kept.example',
  })
  expect(await logins.forImage('token.example/a', signal)).toEqual({
    identitytoken: 't0ken',
    serveraddress: 'token.example',
  })
  expect(await logins.forImage('own.example/a', signal)).toMatchObject({ username: 'a' })
  expect(await logins.forImage('lost.example/a', signal)).toBeNull()
  expect(Object.keys(await logins.all(signal))).toEqual(['kept.example', 'own.example'])
})
