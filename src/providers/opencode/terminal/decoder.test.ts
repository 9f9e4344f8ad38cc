import { expect, test } from 'vitest'
import {
  readRecording,
  replayTerminal,
  summaryOf,
} from '../../../../test/support/replay-terminal.ts'
import { opencodeProvider } from '../index.ts'
import { createOpencodeDecoder } from './decoder.ts'

const speech = opencodeProvider.terminal!
const said = { now: 1, isCut: false }
const note = (event: string, data: object): string => JSON.stringify({ event, at: 1, data })
const spoke = (message: string | null, sessionID = 'ses_1'): string =>
  note('chat.message', { sessionID, id: 'msg', message })

test('what the plugin of a real OpenCode noted is told as turns', () => {
  const { events, decoder } = replayTerminal(speech, readRecording('opencode'))
  expect(summaryOf(events)).toEqual([
    'ready',
    'accepted m1',
    'turn.started m1',
    'ended m1: echo: an alle',
    'accepted m2',
    'turn.started m2',
    'calls bash',
    'asks: run touch /tmp/test/allowed',
    'asks no more',
    'it works',
    'ended m2: made',
    'accepted m3',
    'turn.started m3',
    'calls bash',
    'asks: run touch /tmp/test/denied',
    'asks no more',
    'it fails',
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
  expect(opencodeProvider.carry!(decoder.snapshot(), 'other')['totalUsd']).toBe(0)
})

test('what it costs is told where a model has a price, and what its helpers cost with it', () => {
  const decoder = createOpencodeDecoder(null)
  const answered = (id: string, sessionID: string, cost: number): string => {
    const tokens = { input: 10, output: 5, reasoning: 1, cache: { read: 20, write: 2 } }
    return note('message.updated', { sessionID, info: { id, role: 'assistant', cost, tokens } })
  }
  const child = note('session.created', { sessionID: 'c', info: { id: 'c', parentID: 'ses_1' } })
  const other = note('session.created', { sessionID: 'o', info: { id: 'o' } })
  const lines = [
    spoke(null),
    child,
    other,
    answered('a', 'ses_1', 0.25),
    answered('a', 'ses_1', 0.25),
    answered('b', 'c', 0.5),
    answered('x', 'o', 100),
    note('session.idle', { sessionID: 'c' }),
    note('session.idle', { sessionID: 'ses_1' }),
  ]
  const events = decoder.push('notes', lines, said)
  expect(events.filter(({ type }) => type === 'turn.ended')).toEqual([
    expect.objectContaining({
      cost: {
        usd: 0.75,
        inputTokens: 64,
        outputTokens: 12,
        cachedInputTokens: 40,
        reasoningTokens: 2,
      },
    }),
  ])
})

test('a message that comes into a turn ends with it, and costs nothing more', () => {
  const decoder = createOpencodeDecoder(null)
  decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 0)
  const events = decoder.push(
    'notes',
    [spoke(null), spoke('m1'), note('session.idle', { sessionID: 'ses_1' })],
    said,
  )
  expect(summaryOf(events)).toEqual(['turn.started null', 'accepted m1', 'ended m1: '])
})

test('a message that could not be handed over is a turn that failed', () => {
  const decoder = createOpencodeDecoder(null)
  decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 0)
  const lines = [note('failed', { name: 'say-m1', error: 'Error: it is gone' })]
  expect(summaryOf(decoder.push('notes', lines, said))).toEqual([
    'accepted m1',
    'turn.started m1',
    'error unknown',
    'ended m1: ! Error: it is gone',
  ])
})

test('another session that a person goes to is the agent’s from then on', () => {
  const decoder = createOpencodeDecoder(null)
  const lines = [
    spoke(null, 'ses_1'),
    note('session.idle', { sessionID: 'ses_1' }),
    spoke(null, 'ses_2'),
  ]
  const events = decoder.push('notes', lines, said)
  expect(events.flatMap((event) => (event.type === 'session' ? [event.session] : []))).toEqual([
    'ses_1',
    'ses_2',
  ])
})

test('lines that are no notes are passed over', () => {
  const decoder = createOpencodeDecoder(null)
  const odd = [
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{"event":1}',
    note('permission.asked', {}),
    note('session.idle', {}),
  ]
  expect(decoder.push('notes', odd, said)).toEqual([])
})
