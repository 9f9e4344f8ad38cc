import { expect, test } from 'vitest'
import type { Agent } from '../schema/agent.ts'
import { boxColumns, useText } from './format-box.ts'

const box = {
  container: 'drover-agent_1',
  isOwn: true,
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
  const foreign = { box: { ...box, container: 'project', isOwn: false, image: null } }
  const built = { box: { ...box, image: null } }
  const agents = [boxed, foreign as Agent, built as Agent, plain, old]
  const rows = boxColumns(agents).map((column) => [
    column.title,
    ...agents.map((agent) => column.cell(agent)),
  ])
  expect(rows).toEqual([
    ['CONTAINER', '', 'project', '', '', ''],
    ['IMAGE', 'node:24', '', 'built', '', ''],
    ['MEMORY', '115 MiB / 1 GiB', '115 MiB / 1 GiB', '115 MiB / 1 GiB', '', ''],
    ['CPU', '200%', '200%', '200%', '', ''],
  ])
})
