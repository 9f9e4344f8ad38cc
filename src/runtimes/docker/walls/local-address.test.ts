import { expect, test } from 'vitest'
import { firstAddress, hasInterface, isLocalAddress } from './local-address.ts'

test('the machine has its loopback, and no address that is for documents', async () => {
  expect(await isLocalAddress('127.0.0.1')).toBe(true)
  expect(await isLocalAddress('192.0.2.1')).toBe(false)
  expect(await hasInterface('no-such-link')).toBe(false)
})

test('the first address of a subnet is told of IPv4 only', () => {
  expect(firstAddress('172.17.0.0/16')).toBe('172.17.0.1')
  expect(firstAddress('fd00::/64')).toBeNull()
  expect(firstAddress('')).toBeNull()
})
