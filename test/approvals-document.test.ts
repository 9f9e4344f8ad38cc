import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { tableOf } from './support/document-table.ts'
import { addApprovalOptions } from '../src/cli/approval-options.ts'
import { formatExactDuration } from '../src/cli/relative-time.ts'
import { ApprovalPolicy, ApprovalRule, ApprovalState, Risk } from '../src/schema/approval.ts'
import { approvalDefaults } from '../src/schema/approval-defaults.ts'

const text = readFileSync(fileURLToPath(new URL('../docs/approvals.md', import.meta.url)), 'utf8')

const code = (word: string): string => `\`${word}\``

test('the table of states has each there is, in its order', () => {
  expect(tableOf(text, 'state').map(([state]) => state)).toEqual(ApprovalState.options.map(code))
})

test('the table of risks has each there is, in its order', () => {
  expect(tableOf(text, 'risk').map(([risk]) => risk)).toEqual(Risk.options.map(code))
})

test('the table of the policy has each key with its default, and each option', () => {
  const { mode, timeoutMs } = ApprovalPolicy.parse({})
  expect({ mode, timeoutMs }).toEqual(approvalDefaults)
  expect(tableOf(text, 'option').map(([, key, value]) => [key, value])).toEqual([
    [code('mode'), code(mode)],
    [code('rules'), 'none'],
    [code('timeoutMs'), code(formatExactDuration(timeoutMs))],
  ])
  expect(Object.keys(ApprovalPolicy.shape).map(code)).toEqual(
    tableOf(text, 'option').map(([, key]) => key),
  )
  const options = addApprovalOptions(new Command()).options.map(({ long }) => code(long ?? ''))
  expect(options.filter((option) => !text.includes(option))).toEqual([])
})

test('the table of a rule has a row for each part of it', () => {
  const parts = Object.keys(ApprovalRule.shape).filter((key) => key !== 'mode')
  expect(tableOf(text, 'part')).toHaveLength(parts.length)
})
