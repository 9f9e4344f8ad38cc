import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tableOf } from './support/document-table.ts'
import { formatExactDuration } from '../src/cli/relative-time.ts'
import { AgentStatus } from '../src/schema/agent.ts'
import { Config } from '../src/schema/config.ts'
import { errorClasses } from '../src/schema/error-class.ts'
import { Lifecycle, RestartPolicy } from '../src/schema/lifecycle.ts'
import { lifecycleDefaults } from '../src/schema/lifecycle-defaults.ts'

const text = readFileSync(fileURLToPath(new URL('../docs/lifecycle.md', import.meta.url)), 'utf8')

const code = (word: string): string => `\`${word}\``

test('the table of statuses has each status there is, in its order', () => {
  expect(tableOf(text, 'status').map(([status]) => status)).toEqual(AgentStatus.options.map(code))
})

test('the diagram leads to and from each status, and knows no other', () => {
  const arrows = [...text.matchAll(/^ {2}(\S+) --> (\w+):/gm)]
  const statuses = (end: 1 | 2): Set<string | undefined> =>
    new Set(arrows.map((arrow) => arrow[end]).filter((each) => each !== '[*]'))
  expect(statuses(1)).toEqual(new Set(AgentStatus.options))
  expect(statuses(2)).toEqual(new Set(AgentStatus.options))
})

test('the table of settings has each with its default', () => {
  const rows = tableOf(text, 'option').map(([, key, value]) => [key, value])
  const defaults = Object.entries(Lifecycle.parse({})).map(([key, value]) => [
    code(key),
    typeof value === 'number' && key.endsWith('Ms') && value > 0
      ? formatExactDuration(value)
      : String(value),
  ])
  expect(rows).toEqual(defaults)
  expect(Lifecycle.parse({})).toEqual(lifecycleDefaults)
})

test('the policies, the classes of failure and the keys of the config are named', () => {
  expect(tableOf(text, 'policy').map(([policy]) => policy)).toEqual(RestartPolicy.options.map(code))
  const { restart, admission } = Config.parse({ admission: { starts: 1 } })
  const keys = [
    ...Object.keys(restart).map((key) => `restart.${key}`),
    ...Object.keys(admission)
      .filter((key) => !key.endsWith('Pressure'))
      .map((key) => `admission.${key}`),
  ]
  const ofPrograms = errorClasses.filter((each) => each !== 'crash' && each !== 'unknown')
  expect([...keys, ...ofPrograms].filter((word) => !text.includes(code(word)))).toEqual([])
})
