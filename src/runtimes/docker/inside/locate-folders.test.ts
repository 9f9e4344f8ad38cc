import { expect, test } from 'vitest'
import { locateFolder } from './locate-folders.ts'

const mount = (
  source: string,
  target: string,
): { source: string; target: string; isReadOnly: boolean } => ({
  source,
  target,
  isReadOnly: false,
})

test.each([
  ['the mounted folder itself', '/home/ada/site', '/app'],
  ['one below it', '/home/ada/site/web', '/app/web'],
  ['one of a mount below another', '/home/ada/site/data', '/data'],
  ['what is below that', '/home/ada/site/data/x y', '/data/x y'],
])('%s is where the container has it', (_, folder, wanted) => {
  const mounts = [mount('/home/ada/site', '/app'), mount('/home/ada/site/data', '/data')]
  expect(locateFolder(folder, { name: 'web', mounts })).toBe(wanted)
})

test('what another mount covers inside is not taken for the folder', () => {
  const mounts = [mount('/srv', '/app'), mount('/var/cache', '/app/site')]
  expect(locateFolder('/srv/other', { name: 'web', mounts })).toBe('/app/other')
  expect(() => locateFolder('/srv/site', { name: 'web', mounts })).toThrow(/can't be seen/)
})

test('one that is not seen is an error that names dir and what is seen', () => {
  const mounts = [mount('/srv', '/app'), mount('/srv2', '/two')]
  expect(() => locateFolder('/srvother', { name: 'web', mounts })).toThrow(
    "dir: /srvother can't be seen in the container web, which shows /srv at /app, /srv2 at /two.",
  )
  expect(() => locateFolder('/srv', { name: 'web', mounts: [] })).toThrow(
    'shows no folder of this machine',
  )
})
