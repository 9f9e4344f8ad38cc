import { expect, test } from 'vitest'
import { noRules, portToPrepare, wallNames, wallRules } from './wall-rules.ts'

const rules = { table: 'drover_1', bridge: 'drover-1', port: 20_001 }

test('a home has names that Linux takes for a bridge, and no other home has them', () => {
  const { network, table, preparedTable } = wallNames('home_1')
  expect(network).toMatch(/^drover-[\da-f]{8}$/)
  expect(network.length).toBeLessThanOrEqual(15)
  expect(new Set([table, preparedTable]).size).toBe(2)
  expect(wallNames('home_1')).toEqual({ network, table, preparedTable })
  expect(wallNames('home_2').network).not.toBe(network)
})

test('a port to prepare is the same each time, and none that systems give away', () => {
  const ports = Array.from({ length: 200 }, (_, index) => portToPrepare(`home_${index}`))
  expect(ports.every((port) => port >= 20_000 && port < 32_000)).toBe(true)
  expect(portToPrepare('home_7')).toBe(ports[7])
})

test('rules let programs to the door at the address of their own bridge, and drop the rest', () => {
  const text = wallRules({ ...rules, subnet: null })
  expect(text.split('\n').map((line) => line.trim())).toEqual([
    'table inet drover_1',
    'flush table inet drover_1',
    'table inet drover_1 {',
    'chain input {',
    'type filter hook input priority -10; policy accept;',
    'iifname "drover-1" fib daddr . iif type local tcp dport 20001 accept',
    'iifname "drover-1" ct state established ct direction reply accept',
    'iifname "drover-1" drop',
    '}',
    'chain forward {',
    'type filter hook forward priority -10; policy accept;',
    'iifname "drover-1" drop',
    'oifname "drover-1" drop',
    '}',
    '}',
    'table bridge drover_1',
    'flush table bridge drover_1',
    'table bridge drover_1 {',
    'chain forward {',
    'type filter hook forward priority -10; policy accept;',
    'meta ibrname "drover-1" drop',
    '}',
    '}',
    '',
  ])
})

test('where the kernel knows no bridges in rules, their addresses tell frames apart', () => {
  const text = wallRules({ ...rules, subnet: '172.18.0.0/16' })
  expect(text).not.toContain('ibrname')
  expect(text).toContain('ip saddr 172.18.0.0/16 ip daddr 172.18.0.0/16 drop')
  expect(text).toContain('arp saddr ip 172.18.0.0/16 drop')
})

test('tables are taken away whether or not they are there', () => {
  expect(noRules('drover_1').split('\n').slice(0, 2)).toEqual([
    'table inet drover_1',
    'delete table inet drover_1',
  ])
})
