import path from 'node:path'
import { expect, test } from 'vitest'
import { resolveHome } from './home.ts'

test('DROVER_HOME holds everything', () => {
  const home = resolveHome({ DROVER_HOME: '/h', HOME: '/home/me', XDG_STATE_HOME: '/s' })
  const places = Object.values(home)
  expect(places.every((place) => place === '/h' || place.startsWith('/h/'))).toBe(true)
  expect(new Set(places).size).toBe(places.length)
})

test('without it the XDG folders do, or what they are by default', () => {
  expect(resolveHome({ HOME: '/home/me' })).toMatchObject({
    configFile: '/home/me/.config/drover/config.yaml',
    folder: '/home/me/.local/state/drover',
  })
  expect(
    resolveHome({ HOME: '/home/me', XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: 'relative' }),
  ).toMatchObject({
    configFile: '/c/drover/config.yaml',
    folder: '/home/me/.local/state/drover',
  })
})

test('the socket has an address that fits, however deep the home lies', () => {
  const deep = `/${'deep/'.repeat(40)}`
  const { socketFile } = resolveHome({ DROVER_HOME: deep })
  expect(Buffer.byteLength(socketFile)).toBeLessThanOrEqual(103)
  expect(resolveHome({ DROVER_HOME: deep }).socketFile).toBe(socketFile)
  expect(resolveHome({ DROVER_HOME: `${deep}x` }).socketFile).not.toBe(socketFile)
  expect(resolveHome({ DROVER_HOME: '/h' }).socketFile).toBe(path.join('/h', 'drover.sock'))
})
