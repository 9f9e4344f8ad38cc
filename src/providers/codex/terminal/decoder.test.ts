import { describe, expect, test } from 'vitest'
import {
  readRecording,
  replayTerminal,
  summaryOf,
} from '../../../../test/support/replay-terminal.ts'
import { codexProvider } from '../index.ts'
import { carryState } from '../state.ts'
import { createTerminalDecoder } from './decoder.ts'

const speech = codexProvider.terminal!
const said = { now: 1, isCut: false }
const session = '01a1fecb-10f1-7e03-89dd-47dfb582f958'

const rollout = (payload: object, at = '2026-11-21T16:00:00.000Z'): string =>
  JSON.stringify({ timestamp: at, type: 'event_msg', payload })
const started = (turn: string): string => rollout({ type: 'task_started', turn_id: turn })
const spoke = (turn: string, text: string): string => {
  const item = { type: 'UserMessage', id: 'i', content: [{ type: 'text', text }] }
  return rollout({ type: 'item_completed', thread_id: session, turn_id: turn, item })
}
const done = (turn: string, reply: string, at?: string): string =>
  rollout({ type: 'task_complete', turn_id: turn, last_agent_message: reply, duration_ms: 5 }, at)
const opened = (file: string, source: string, at: number): string => {
  const data = { session_id: session, transcript_path: file, source, model: 'm' }
  return JSON.stringify({ event: 'SessionStart', at, data })
}

test('what a real Codex noted and wrote is read as over its protocol', () => {
  const { events } = replayTerminal(speech, readRecording('codex'))
  expect(summaryOf(events)).toEqual([
    'ready',
    'accepted m1',
    'turn.started m1',
    'ended m1: echo: an alle',
    'accepted m2',
    'turn.started m2',
    'asks: run touch /tmp/test/allowed',
    'calls shell',
    'it works',
    'asks no more',
    'ended m2: made',
    'accepted m3',
    'turn.started m3',
    'asks: run touch /tmp/test/denied',
    'asks no more',
    'ended m3: then not',
    'accepted m4',
    'turn.started m4',
    'interrupted',
    'ended m4: ! interrupted',
    'turn.started null',
    'ended null: by hand',
    'accepted m5',
    'turn.started m5',
    'error config',
    'ended m5: ! Scripted failure',
  ])
  const tokens = events.flatMap((event) =>
    event.type === 'turn.ended' ? [event.cost.inputTokens] : [],
  )
  expect(tokens).toEqual([100, 200, 200, null, 100, null])
  expect(events.filter(({ type }) => type === 'session')).toHaveLength(1)
  expect(events).toContainEqual({ type: 'text', text: 'echo: an alle' })
})

test('tokens are not counted again by a later run, here or over the protocol', () => {
  const recorded = readRecording('codex')
  const { decoder } = replayTerminal(speech, recorded)
  const sum = decoder.snapshot()['totals']
  expect(sum).toEqual([expect.objectContaining({ input: 600 })])
  expect(speech.carry!(decoder.snapshot(), 'same')['totals']).toEqual(sum)
  const headless = codexProvider.carry!(decoder.snapshot(), 'other')
  expect(headless['totals']).toEqual(sum)
})

describe('a text', () => {
  test('that is longer than a line can be is known by its beginning', () => {
    const decoder = createTerminalDecoder(null)
    const body = `first "line"\n${'ü'.repeat(3000)}`
    decoder.sent({ id: 'm1', from: 'user', body }, 0)
    decoder.push('transcript', [started('t1')], said)
    const piece = spoke('t1', body).slice(0, 2200)
    expect(decoder.push('transcript', [piece], { now: 1, isCut: true })).toEqual([
      { type: 'accepted', message: 'm1' },
      { type: 'turn.started', message: 'm1' },
    ])
    expect(
      decoder.push('transcript', [spoke('t1', body).slice(2200), done('t1', 'ok')], said),
    ).toEqual([expect.objectContaining({ type: 'turn.ended', message: 'm1', reply: 'ok' })])
  })

  test('that joins a turn under way is accepted into it, and ends with it', () => {
    const decoder = createTerminalDecoder(null)
    decoder.push('transcript', [started('t1'), spoke('t1', 'by hand')], said)
    decoder.sent({ id: 'm1', from: 'user', body: 'steer', isSteering: true }, 0)
    expect(decoder.dueAt(1)).toBeNull()
    expect(decoder.push('transcript', [spoke('t1', 'steer')], said)).toEqual([
      { type: 'accepted', message: 'm1', joined: true },
    ])
    expect(decoder.push('transcript', [done('t1', 'ok')], said)).toEqual([
      expect.objectContaining({ type: 'turn.ended', message: 'm1', reply: 'ok' }),
    ])
  })
})

test('a session that a person opens again is read from then on, and its past only counted', () => {
  const decoder = createTerminalDecoder(null)
  const at = Date.parse('2026-11-21T16:10:00Z')
  expect(decoder.push('notes', [opened('/old', 'resume', at)], said)).toEqual([
    { type: 'session', session },
    { type: 'transcript', file: '/old', offset: 0 },
  ])
  const usage = { input_tokens: 500, output_tokens: 50 }
  const counted = rollout({
    type: 'token_count',
    info: { total_token_usage: usage, last_token_usage: usage },
  })
  const past = [started('t0'), spoke('t0', 'long ago'), counted, done('t0', 'old')]
  expect(decoder.push('transcript', past, said)).toEqual([])
  expect(decoder.snapshot()['totals']).toEqual([expect.objectContaining({ input: 500 })])
  expect(decoder.push('notes', [opened('/old', 'resume', at)], said)).toEqual([])
})

test('of a session that it goes on with what was counted is known though nothing is said', () => {
  const decoder = createTerminalDecoder({
    ...carryState({ protocol: 'exec', session, total: { input: 5, output: 1 } }),
  })
  const data = { session, file: '/old', offset: 7 }
  expect(decoder.push('notes', [JSON.stringify({ event: 'ready', at: 1, data })], said)).toEqual([
    { type: 'transcript', file: '/old', offset: 7 },
    { type: 'ready' },
  ])
  expect(decoder.push('notes', [opened('/old', 'resume', 2)], said)).toEqual([])
  expect(speech.carry!(decoder.snapshot(), 'same')['totals']).toEqual([
    { thread: session, input: 5, output: 1 },
  ])
})

test('an Enter is pressed again only while nothing is under way', () => {
  const decoder = createTerminalDecoder(null)
  decoder.sent({ id: 'm1', from: 'user', body: 'hello' }, 0)
  expect(decoder.dueAt(0)).toBe(3000)
  decoder.push('transcript', [started('t1')], said)
  expect(decoder.dueAt(0)).toBeNull()
  decoder.push('transcript', [done('t1', '')], said)
  expect(decoder.due(3000)).toContainEqual({ type: 'input', text: 'keys 1\n\r\n' })
})

test('lines that are no notes and no records are passed over', () => {
  const decoder = createTerminalDecoder(null)
  const odd = ['', '{', '[]', 'null', '"x"', '{"event":1}', '{"type":"event_msg"}', '{"payload":3}']
  expect(decoder.push('notes', odd, said)).toEqual([])
  expect(decoder.push('transcript', odd, said)).toEqual([])
})
