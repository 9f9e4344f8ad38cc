import { describe, expect, test } from 'vitest'
import { parseNetworkHost } from './network-host.ts'
import { Network } from './network.ts'

describe('a host of an allow list', () => {
  test.for([
    ['Example.org', 'name', 'example.org', null],
    ['example.org:8443', 'name', 'example.org', 8443],
    ['*.example.org', 'below', 'example.org', null],
    ['*.Example.org:80', 'below', 'example.org', 80],
    ['registry', 'name', 'registry', null],
    ['_dmarc.example.org', 'name', '_dmarc.example.org', null],
    ['192.0.2.7', 'address', '192.0.2.7', null],
    ['192.0.2.7:65535', 'address', '192.0.2.7', 65_535],
    ['2001:DB8::7', 'address', '2001:db8::7', null],
    ['[2001:db8::7]:443', 'address', '2001:db8::7', 443],
    ['::ffff:10.0.0.1', 'address', '::ffff:10.0.0.1', null],
  ] as const)('%s is read', ([text, kind, host, port]) => {
    expect(parseNetworkHost(text)).toEqual({ kind, host, port })
  })

  test.for([
    '',
    '*',
    '*.',
    '**.example.org',
    'a*.example.org',
    'a.*.org',
    'example.org.',
    '.example.org',
    'a..b',
    '-a.org',
    'a-.org',
    'https://example.org',
    'example.org/path',
    'user@example.org',
    'example.org:0',
    'example.org:65536',
    'example.org:',
    'example.org:https',
    'example.org ',
    'exa mple.org',
    'example.org\0',
    'exämple.org',
    `${'a'.repeat(64)}.org`,
    `${'a.'.repeat(127)}org`,
    '256.1.1.1',
    '127.1',
    '0x7f.1',
    '010.0.0.1',
    '2130706433',
    '*.0.0.1',
    '10.0.0.0/8',
    '[10.0.0.1]',
    '[fe80::1%eth0]',
    'fe80::1%eth0',
    ':::',
    '::1]:80',
  ])('%j is none', (text) => {
    expect(parseNetworkHost(text)).toBeNull()
  })
})

describe('a network policy', () => {
  test.for(['full', 'local', 'none', { allow: ['example.org', '*.example.org:8080'] }])(
    '%j is one',
    (network) => {
      expect(Network.parse(network)).toEqual(network)
    },
  )

  test.for([
    ['open', [], /none of "full", "local", "none"/],
    [null, [], /none of "full"/],
    [{ allow: 'example.org' }, [], /none of "full"/],
    [{ allow: ['example.org'], deny: [] }, [], /Unrecognized key: "deny"/],
    [{ allow: [] }, ['allow'], /names no host/],
    [{ allow: ['example.org', 'no host'] }, ['allow', 1], /"no host" is no name/],
  ] as const)('%j is none, and its field is named', ([network, path, message]) => {
    const { error } = Network.safeParse(network)
    expect(error?.issues[0]?.path).toEqual(path)
    expect(error?.issues[0]?.message).toMatch(message)
  })

  test('lists 256 hosts, and no more', () => {
    const allow = Array.from({ length: 257 }, (_, index) => `h${index}.example.org`)
    expect(Network.parse({ allow: allow.slice(1) })).toEqual({ allow: allow.slice(1) })
    expect(Network.safeParse({ allow }).error?.issues[0]).toMatchObject({ path: ['allow'] })
  })
})
