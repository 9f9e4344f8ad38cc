import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalAddress, isPublicAddress } from './ip-address.ts'

test.for([
  ['10.0.0.1', '10.0.0.1'],
  ['::FFFF:10.0.0.1', '10.0.0.1'],
  ['::ffff:a00:1', '10.0.0.1'],
  ['0:0:0:0:0:ffff:7f00:1', '127.0.0.1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:DB8:0::1', '2001:db8::1'],
  ['fe80::1%eth0', null],
  ['[::1]', null],
  ['0x7f.1', null],
  ['0177.0.0.1', null],
  ['127.1', null],
  ['2130706433', null],
  ['1.2.3.4.', null],
  ['', null],
] as const)('%j is the address %j', ([text, address]) => {
  expect(canonicalAddress(text)).toBe(address)
})

test.for([
  '0.0.0.0',
  '10.255.255.255',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '64:ff9b::a00:1',
  '64:ff9b:1::808:808',
  '100::1',
  '2001::1',
  '2002:a00:1::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
])('%s is not public', (address) => {
  expect(isPublicAddress(canonicalAddress(address)!)).toBe(false)
})

test.for([
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::200e',
  '64:ff9b::808:808',
  '2002:808:808::1',
])('%s is public', (address) => {
  expect(isPublicAddress(canonicalAddress(address)!)).toBe(true)
})

test('an IPv4 address is judged the same inside of IPv6, whichever way it is put there', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number]
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
      expect(canonicalAddress(`::ffff:${address}`)).toBe(address)
      expect(canonicalAddress(`::ffff:${hex}`)).toBe(address)
      const isPublic = isPublicAddress(address)
      expect(isPublicAddress(canonicalAddress(`64:ff9b::${hex}`)!)).toBe(isPublic)
      expect(isPublicAddress(canonicalAddress(`2002:${hex}::1`)!)).toBe(isPublic)
    }),
  )
})

test('an address in its canonical form stays as it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const canonical = canonicalAddress(address)
      expect(canonical).not.toBeNull()
      expect(canonicalAddress(canonical!)).toBe(canonical)
    }),
  )
})
