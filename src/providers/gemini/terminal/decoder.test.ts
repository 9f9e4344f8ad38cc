import { expect, test } from 'vitest'
import {
  readRecording,
  replayTerminal,
  summaryOf,
} from '../../../../test/support/replay-terminal.ts'
import { geminiProvider } from '../index.ts'
import { createGeminiDecoder } from './decoder.ts'

const speech = geminiProvider.terminal!
const note = (event: string, data: object, at = 1_000_000): string =>
  JSON.stringify({ event, at, data })
const began = (prompt: string): string =>
  note('BeforeAgent', { session_id: 's', transcript_path: '/t', prompt })

test('what a real Gemini CLI noted and wrote is told as turns', () => {
  const { events } = replayTerminal(speech, readRecording('gemini'))
  expect(summaryOf(events)).toEqual([
    'ready',
    'accepted m1',
    'turn.started m1',
    'ended m1: echo: an alle',
    'accepted m2',
    'turn.started m2',
    'asks_at_terminal touch /tmp/test/allowed',
    'calls run_shell_command',
    'it works',
    'ended m2: made',
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
  expect(tokens).toEqual([100, 200, null, 100, null])
})

test('a session that it goes on with can be typed to once it wrote that it has read it', () => {
  const decoder = createGeminiDecoder(null)
  decoder.push('notes', [note('SessionStart', { source: 'resume' })], { now: 0, isCut: false })
  expect(decoder.due(5000)).toEqual([])
  decoder.push('transcript', ['{"$set":{"sessionId":"s"}}'], { now: 5000, isCut: false })
  expect(decoder.dueAt(5000)).toBe(5300)
  expect(decoder.due(5300)).toEqual([{ type: 'ready' }])
})

test('a turn of which the end is not told is over a while after its failure', () => {
  const decoder = createGeminiDecoder(null)
  decoder.push('notes', [began('hello')], { now: 1_000_000, isCut: false })
  const failed = {
    id: 'e',
    timestamp: new Date(1_000_100).toISOString(),
    type: 'error',
    content:
      '[API Error: {"error":{"code":429,"message":"Slow down","status":"RESOURCE_EXHAUSTED"}}]',
  }
  decoder.push('transcript', [JSON.stringify(failed)], { now: 1_000_100, isCut: false })
  expect(decoder.due(1_002_099)).toEqual([])
  expect(decoder.due(1_002_100)).toEqual([
    expect.objectContaining({ type: 'error', class: 'rate_limit', message: 'Slow down' }),
    expect.objectContaining({ type: 'turn.ended', error: 'Slow down' }),
  ])
})

test('a turn that begins ends the one before it', () => {
  const decoder = createGeminiDecoder(null)
  const events = decoder.push(
    'notes',
    [began('one'), note('AfterAgent', { prompt_response: 'x' }), began('two')],
    {
      now: 1_000_000,
      isCut: false,
    },
  )
  expect(events.map(({ type }) => type)).toEqual([
    'session',
    'transcript',
    'turn.started',
    'turn.ended',
    'turn.started',
  ])
})

test('lines that are no notes and no records are passed over', () => {
  const decoder = createGeminiDecoder(null)
  decoder.push('notes', [began('hello')], { now: 1_000_000, isCut: false })
  const odd = ['', '{', '[]', 'null', '"x"', '{"event":1}', '{"type":"gemini"}', '{"$set":{}}']
  expect(decoder.push('notes', odd, { now: 1, isCut: false })).toEqual([])
  expect(decoder.push('transcript', odd, { now: 1, isCut: false })).toEqual([])
})
