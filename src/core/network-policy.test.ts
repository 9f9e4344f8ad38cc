import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Network } from '../schema/network.ts'
import {
  mayConnect,
  mayReach,
  readTarget,
  upstreamTarget,
  type NetworkRules,
  type Target,
} from './network-policy.ts'

const name = fc
  .array(fc.stringMatching(/^[a-z]([a-z0-9-]{0,5}[a-z0-9])?$/), { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join('.'))
const port = fc.oneof(fc.constantFrom(80, 443), fc.integer({ min: 1, max: 65_535 }))
const target: fc.Arbitrary<Target> = fc
  .tuple(fc.oneof(name, fc.ipV4()), port)
  .map(([host, wanted]) => readTarget(`${host}:${wanted}`)!)
const allow = fc.array(
  fc
    .tuple(fc.constantFrom('', '*.'), fc.oneof(name, name), fc.option(port))
    .map(([below, host, wanted]) => `${below}${host}${wanted === null ? '' : `:${wanted}`}`),
  { minLength: 1, maxLength: 4 },
)
const network: fc.Arbitrary<Network> = fc.oneof(
  fc.constantFrom('full' as const, 'local' as const, 'none' as const),
  allow.map((hosts) => ({ allow: hosts })),
)
const rules: fc.Arbitrary<NetworkRules> = fc.record({
  network,
  upstreams: fc.array(target, { maxLength: 2 }),
})

const reach = (policy: Network, authority: string, upstreams: readonly string[] = []): boolean => {
  const wanted = readTarget(authority)
  const places = upstreams.map((url) => upstreamTarget({ url })!)
  return wanted !== null && mayReach({ network: policy, upstreams: places }, wanted).isAllowed
}

describe('where somebody wants to go', () => {
  test.for([
    ['Example.ORG:443', 'example.org', 443],
    ['example.org.:443', 'example.org', 443],
    ['192.0.2.7:80', '192.0.2.7', 80],
    ['192.0.2.7.:80', '192.0.2.7', 80],
    ['[::ffff:10.0.0.1]:443', '10.0.0.1', 443],
    ['[2001:DB8::1]:443', '2001:db8::1', 443],
    ['localhost:1', 'localhost', 1],
  ] as const)('%s is read', ([text, host, wanted]) => {
    expect(readTarget(text)).toMatchObject({ host, port: wanted })
  })

  test.for([
    'example.org',
    'user@example.org:443',
    'example.org:443@evil.example:443',
    'example.org:0',
    'example.org:65536',
    'example.org:443:443',
    'example.org..:443',
    '..:443',
    ':443',
    '2001:db8::1:443',
    '[10.0.0.1]:443',
    '[::1%lo]:443',
    '0x7f.1:443',
    '0x7f000001:443',
    '2130706433:443',
    '127.1:443',
    '0177.0.0.1:443',
    '127.0.0.01:443',
    '１２７.0.0.1:443',
    'exämple.org:443',
    'example.org%00:443',
    'example.org\n:443',
    'example.org/:443',
    'a b:443',
    '*:443',
    '*.example.org:443',
  ])('%j is no place', (text) => {
    expect(readTarget(text)).toBeNull()
  })

  test('has the usual port where none is said', () => {
    expect(readTarget('example.org', 80)).toMatchObject({ port: 80 })
    expect(readTarget('[::1]', 80)).toMatchObject({ host: '::1', port: 80 })
    expect(readTarget('example.org:8080', 80)).toMatchObject({ port: 8080 })
  })

  test('of an upstream is its host and port', () => {
    expect(upstreamTarget({ url: 'https://api.example.org' })).toMatchObject({ port: 443 })
    expect(upstreamTarget({ url: 'http://API.example.org/v1' })).toMatchObject({
      host: 'api.example.org',
      port: 80,
    })
    expect(upstreamTarget({ url: 'http://[::1]:8080' })).toMatchObject({ host: '::1', port: 8080 })
    expect(upstreamTarget({ url: 'http://127.1:11434' })).toMatchObject({ host: '127.0.0.1' })
  })
})

describe('a policy', () => {
  test.for([
    ['example.org:443', true],
    ['example.org:80', true],
    ['EXAMPLE.org.:443', true],
    ['example.org:8443', false],
    ['www.example.org:443', false],
    ['notexample.org:443', false],
    ['example.org.evil.example:443', false],
    ['a.below.example:443', true],
    ['a.b.below.example:443', true],
    ['below.example:443', false],
    ['notbelow.example:443', false],
    ['ported.example:8443', true],
    ['ported.example:443', false],
    ['192.0.2.7:443', true],
    ['192.0.2.8:443', false],
    ['[::ffff:192.0.2.7]:443', true],
    ['[2001:db8::7]:443', true],
    ['[2001:db8:0::7]:22', false],
  ] as const)('of a list says to %s: %s', ([authority, isAllowed]) => {
    const hosts = [
      'example.org',
      '*.below.example',
      'ported.example:8443',
      '192.0.2.7',
      '2001:DB8::7',
    ]
    expect(reach({ allow: hosts }, authority)).toBe(isAllowed)
  })

  test('knows the model upstreams of config, each by host and port', () => {
    const upstreams = ['https://api.example.org/v1', 'http://127.0.0.1:11434']
    for (const policy of ['local', { allow: ['other.example'] }] satisfies Network[]) {
      expect(reach(policy, 'api.example.org:443', upstreams)).toBe(true)
      expect(reach(policy, 'api.example.org:80', upstreams)).toBe(false)
      expect(reach(policy, '127.0.0.1:11434', upstreams)).toBe(true)
      expect(reach(policy, '127.0.0.1:11435', upstreams)).toBe(false)
    }
    expect(reach('none', 'api.example.org:443', upstreams)).toBe(false)
  })

  test('none lets nobody anywhere, and full everybody, whatever is listed', () => {
    fc.assert(
      fc.property(rules, target, ({ upstreams }, wanted) => {
        expect(mayReach({ network: 'none', upstreams }, wanted).isAllowed).toBe(false)
        expect(mayReach({ network: 'full', upstreams }, wanted).isAllowed).toBe(true)
      }),
    )
  })

  test('of a list lets nobody to a name that is none of its own and below none of its stars', () => {
    fc.assert(
      fc.property(allow, target, (hosts, wanted) => {
        const verdict = mayReach({ network: { allow: hosts }, upstreams: [] }, wanted)
        const plain = hosts.map((host) => host.replace(/:\d+$/, ''))
        const isNamed = plain.some(
          (host) =>
            host === wanted.host ||
            (host.startsWith('*.') &&
              wanted.host.split('.').slice(1).length > 0 &&
              `.${wanted.host}`.endsWith(host.slice(1)) &&
              wanted.host !== host.slice(2)),
        )
        expect(isNamed || !verdict.isAllowed).toBe(true)
      }),
    )
  })
})

describe('an address that a name leads to', () => {
  const connect = (
    policy: Network,
    authority: string,
    address: string,
    { upstreams = [], isOwn = false }: { upstreams?: readonly string[]; isOwn?: boolean } = {},
  ): boolean => {
    const places = upstreams.map((url) => upstreamTarget({ url })!)
    const given: NetworkRules = { network: policy, upstreams: places }
    return mayConnect(given, readTarget(authority)!, { address, isOwn })
  }
  const named = { allow: ['example.org'] }

  test('is connected to where it is public', () => {
    expect(connect(named, 'example.org:443', '203.0.113.7')).toBe(true)
  })

  test.for([
    '127.0.0.1',
    '169.254.169.254',
    '10.0.0.1',
    '::1',
    '::ffff:127.0.0.1',
    'fe80::1%eth0',
    'no address',
  ])('is not where it is %s', (address) => {
    expect(connect(named, 'example.org:443', address)).toBe(false)
    expect(connect('full', 'example.org:443', address)).toBe(false)
  })

  test('is not where it is public and one of this machine', () => {
    expect(connect(named, 'example.org:443', '203.0.113.7', { isOwn: true })).toBe(false)
  })

  test('is where it is private and listed itself, with its port', () => {
    const listed = { allow: ['example.org', '10.0.0.1', '*.example.net:8443', '10.0.0.2:8443'] }
    expect(connect(listed, 'example.org:443', '10.0.0.1')).toBe(true)
    expect(connect(listed, 'example.org:443', '::ffff:10.0.0.1')).toBe(true)
    expect(connect(listed, '10.0.0.1:443', '10.0.0.1')).toBe(true)
    expect(connect(listed, 'example.org:443', '10.0.0.2')).toBe(false)
    expect(connect(listed, 'a.example.net:8443', '10.0.0.2')).toBe(true)
    expect(connect(listed, 'a.example.net:8443', '10.0.0.1')).toBe(false)
  })

  test('is where an upstream of config leads to it, at its port', () => {
    const upstreams = ['http://models.example:8080']
    expect(connect('local', 'models.example:8080', '10.0.0.1', { upstreams })).toBe(true)
    expect(connect('local', 'models.example:80', '10.0.0.1', { upstreams })).toBe(false)
    expect(connect('none', 'models.example:8080', '10.0.0.1', { upstreams })).toBe(false)
  })

  test('is never connected to for a target that may not be reached', () => {
    fc.assert(
      fc.property(rules, target, fc.oneof(fc.ipV4(), fc.ipV6()), (given, wanted, address) => {
        const { isAllowed } = mayReach(given, wanted)
        expect(isAllowed || !mayConnect(given, wanted, { address, isOwn: false })).toBe(true)
      }),
    )
  })

  test('of this machine is never connected to by name alone, whatever the policy lists', () => {
    fc.assert(
      fc.property(network, target, fc.integer({ min: 0, max: 255 }), (policy, wanted, last) => {
        fc.pre(!wanted.isAddress)
        const address = `127.0.0.${last}`
        expect(
          mayConnect({ network: policy, upstreams: [] }, wanted, { address, isOwn: true }),
        ).toBe(false)
      }),
    )
  })
})
