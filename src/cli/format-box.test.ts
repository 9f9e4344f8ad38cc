import { expect, test } from 'vitest'
import type { Agent } from '../schema/agent.ts'
import { boxColumns, useText } from './format-box.ts'

const box = {
  container: 'drover-agent_1',
  image: 'node:24',
  memoryBytes: 120_000_000,
  memoryLimitBytes: 1024 ** 3,
  cpuPercent: 199.6,
  pids: 12,
}

test('what a box uses is one line, to the megabyte', () => {
  expect(useText(box)).toBe('memory 115 MiB / 1 GiB, cpu 200%, pids 12')
})

test('what is not known of a box is left out', () => {
  const unknown = { memoryBytes: null, memoryLimitBytes: null, cpuPercent: null, pids: null }
  expect(useText({ ...box, ...unknown })).toBeNull()
  expect(useText({ ...box, memoryLimitBytes: null, cpuPercent: null })).toBe(
    'memory 115 MiB, pids 12',
  )
})

test('agents have columns for boxes only where one of them has a box', () => {
  const plain = { box: null } as Agent
  const old = {} as Agent
  const boxed = { box } as unknown as Agent
  expect(boxColumns([plain, old])).toEqual([])
  const columns = boxColumns([plain, old, boxed])
  const rows = columns.map((column) => [
    column.title,
    ...[boxed, plain, old].map((agent) => column.cell(agent)),
  ])
  expect(rows).toEqual([
    ['CONTAINER', 'drover-agent_1', '', ''],
    ['IMAGE', 'node:24', '', ''],
    ['MEMORY', '115 MiB / 1 GiB', '', ''],
    ['CPU', '200%', '', ''],
  ])
})
