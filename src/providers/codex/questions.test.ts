import { describe, expect, test } from 'vitest'
import type { Answer } from '../contract.ts'
import { encodeAnswer, questionOf } from './questions.ts'

const yes: Answer = { isAllowed: true, isForSession: false, message: null }
const no: Answer = { isAllowed: false, isForSession: false, message: null }
const place = { threadId: 't', turnId: 'u', itemId: 'i' }

/** The lines of an answer to what was asked. */
function answer(method: string, params: object, given: Answer): unknown[] {
  const question = questionOf(5, method, { ...place, ...params }, null)
  const stored = JSON.parse(JSON.stringify(question)) as NonNullable<typeof question>
  return encodeAnswer(stored, given)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown)
}

describe('a command', () => {
  const method = 'item/commandExecution/requestApproval'

  test('is accepted, for once or for the session, or declined', () => {
    expect(answer(method, {}, yes)).toEqual([{ id: 5, result: { decision: 'accept' } }])
    expect(answer(method, {}, { ...yes, isForSession: true })).toEqual([
      { id: 5, result: { decision: 'acceptForSession' } },
    ])
    expect(answer(method, {}, no)).toEqual([{ id: 5, result: { decision: 'decline' } }])
  })

  test('that is declined for a reason has that said into its turn', () => {
    const [, steer] = answer(method, {}, { ...no, message: 'use /tmp' })
    expect(steer).toMatchObject({
      method: 'turn/steer',
      params: { threadId: 't', expectedTurnId: 'u', input: [{ type: 'text', text: 'use /tmp' }] },
    })
  })

  test('is asked with what, where and why; a connection by its host', () => {
    const params = { ...place, command: 'rm x', cwd: '/w', reason: 'it is old' }
    expect(questionOf(0, method, params, null)).toMatchObject({
      id: '0',
      tool: 'shell',
      title: 'run rm x',
      reason: 'it is old',
      input: { command: 'rm x', cwd: '/w' },
    })
    const network = { ...params, networkApprovalContext: { host: 'example.org' } }
    expect(questionOf(0, method, network, null)).toMatchObject({
      tool: 'network',
      title: 'connect to example.org',
    })
  })
})

test('permissions are granted as they were asked for, or none', () => {
  const method = 'item/permissions/requestApproval'
  const params = { permissions: { network: { enabled: true }, fileSystem: null }, cwd: '/w' }
  expect(answer(method, params, { ...yes, isForSession: true })).toEqual([
    { id: 5, result: { permissions: { network: { enabled: true } }, scope: 'session' } },
  ])
  expect(answer(method, params, no)).toEqual([
    { id: 5, result: { permissions: {}, scope: 'turn' } },
  ])
})

test('a question of the model is answered in words', () => {
  const method = 'item/tool/requestUserInput'
  const params = { questions: [{ id: 'a', question: 'Which?' }] }
  expect(questionOf(1, method, { ...place, ...params }, null)).toMatchObject({ title: 'Which?' })
  expect(answer(method, params, { ...yes, message: 'the red one' })).toEqual([
    { id: 5, result: { answers: { a: { answers: ['the red one'] } } } },
  ])
  expect(answer(method, params, { ...no, message: 'no' })).toEqual([
    { id: 5, result: { answers: { a: { answers: [] } } } },
  ])
})

test('a server’s question is accepted or declined; one with fields is not asked', () => {
  const method = 'mcpServer/elicitation/request'
  const params = { mode: 'form', serverName: 's', message: 'May I?', requestedSchema: {} }
  expect(answer(method, params, yes)).toEqual([
    { id: 5, result: { action: 'accept', content: {}, _meta: null } },
  ])
  expect(answer(method, params, no)).toEqual([
    { id: 5, result: { action: 'decline', content: null, _meta: null } },
  ])
  const requestedSchema = { properties: { name: {} } }
  expect(questionOf(1, method, { ...place, ...params, requestedSchema }, null)).toBeNull()
})
