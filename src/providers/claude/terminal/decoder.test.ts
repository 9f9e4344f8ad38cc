import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Decoder, OutgoingMessage, ProviderEvent } from '../../contract.ts'
import { createTerminalDecoder } from './decoder.ts'

interface Recorded {
  sent?: OutgoingMessage
  stream?: 'notes' | 'transcript'
  lines?: string[]
  now: number
}

/** What the real Claude Code 2.1.329 noted and kept, in the order in which it was read. */
const recorded = readFileSync(
  new URL('../../../../test/fixtures/samples/claude-terminal.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)

function decode(
  steps: readonly Recorded[],
  between: (decoder: Decoder) => Decoder = (same) => same,
): ProviderEvent[] {
  let decoder = createTerminalDecoder(null)
  return steps.flatMap(({ sent, stream, lines = [], now }) => {
    const said = sent
      ? decoder.sent(sent, now)
      : decoder.push(stream!, lines, { now, isCut: false })
    decoder = between(decoder)
    return said
  })
}

const ofType = <T extends ProviderEvent['type']>(events: readonly ProviderEvent[], type: T) =>
  events.filter((event): event is Extract<ProviderEvent, { type: T }> => event.type === type)

const events = decode(recorded)

test('each message is taken, begun and answered once, in its turn', () => {
  const ids = recorded.flatMap(({ sent }) => (sent ? [sent.id] : []))
  expect(ofType(events, 'accepted').map(({ message }) => message)).toEqual(ids)
  const turns = ofType(events, 'turn.ended')
  expect(turns.map(({ message }) => message)).toEqual(
    ids.toSpliced(ids.indexOf('m10'), 0, null as never),
  )
  const replies = Object.fromEntries(turns.map(({ message, reply }) => [message, reply]))
  expect(replies).toMatchObject({ m1: 'echo: there', m3: 'well', null: 'by hand', m11: 'again' })
  expect(events.findIndex(({ type }) => type === 'ready')).toBeLessThan(
    events.findIndex(({ type }) => type === 'accepted'),
  )
})

test('a message that joined has the end of the turn it joined, at no cost of its own', () => {
  expect(ofType(events, 'accepted').find(({ message }) => message === 'steer')).toEqual({
    type: 'accepted',
    message: 'steer',
    joined: true,
  })
  const [first, joined] = ['m8', 'steer'].map((id) =>
    ofType(events, 'turn.ended').find(({ message }) => message === id),
  )
  expect(joined?.reply).toBe(first?.reply)
  expect(first?.cost.inputTokens).toBe(300)
  expect(joined?.cost).toEqual({ usd: 0, inputTokens: 0, outputTokens: 0 })
})

test('questions that are answered at the terminal are closed and their hooks let go, those that we answer are not', () => {
  const asked = ofType(events, 'question').map(({ id, title }) => [title, id])
  expect(asked.map(([title]) => title)).toEqual([
    'Bash: touch true',
    'Bash: touch false',
    'Bash: touch by-hand',
    'Bash: touch it; for i in 1 2 3; do sleep 1; done',
  ])
  const byHand = Object.fromEntries(asked)['Bash: touch by-hand'] as string
  expect(ofType(events, 'question.closed')).toEqual([{ type: 'question.closed', id: byHand }])
  expect(ofType(events, 'input').map(({ text }) => text)).toContain(`answer ${byHand} 0\n\n`)
})

test('each answer of the model counts once, though each of its blocks tells its tokens', () => {
  const costs = ofType(events, 'turn.ended').map(({ message, cost }) => [message, cost] as const)
  expect(Object.fromEntries(costs)).toMatchObject({
    m1: { usd: null, inputTokens: 150, outputTokens: 20, cachedInputTokens: 50 },
    m2: { usd: null, inputTokens: 300, outputTokens: 40, cachedInputTokens: 100 },
    m12: { usd: 0, inputTokens: 0, outputTokens: 0 },
  })
})

test('an interrupt is told as one, and a failure with its class', () => {
  const ended = ofType(events, 'turn.ended')
  expect(ended.find(({ message }) => message === 'm10')?.error).toBe('interrupted')
  expect(ended.at(-1)).toMatchObject({ message: 'm12', reply: '' })
  expect(ended.at(-1)?.error).toContain('400')
  expect(ofType(events, 'error')).toEqual([expect.objectContaining({ class: 'config' })])
})

test('a daemon that dies between any two readings reads on to the same', () => {
  const again = (decoder: Decoder): Decoder =>
    createTerminalDecoder(JSON.parse(JSON.stringify(decoder.snapshot())) as never)
  expect(decode(recorded, again)).toEqual(events)
})

test('it is the same whether its hooks or its transcript are read first', () => {
  const turns = (all: readonly ProviderEvent[]) =>
    ofType(all, 'turn.ended').map(({ message, reply, error }) => ({ message, reply, error }))
  // All between two messages: first what the transcript says, as after a long time of no daemon.
  const parts = recorded.reduce<Recorded[][]>(
    (all, step) =>
      step.sent ? [...all, [step], []] : [...all.slice(0, -1), [...(all.at(-1) ?? []), step]],
    [[]],
  )
  const late = decode(parts.flatMap((part) => part.toSorted(byTranscript)))
  expect(turns(late)).toEqual(turns(events))
  // Whose tool has its result is asked of nobody any more, and its hook waits for nothing.
  const open = ofType(late, 'question').map(({ title }) => title)
  expect(open).toEqual(['Bash: touch it; for i in 1 2 3; do sleep 1; done'])
  const released = ofType(late, 'input').filter(({ text }) => text.startsWith('answer '))
  expect(released).toHaveLength(3)
})

function byTranscript(one: Recorded, other: Recorded): number {
  return Number(one.stream === 'notes') - Number(other.stream === 'notes')
}

const started = [
  JSON.stringify({ size: 0, note: { hook_event_name: 'SessionStart', session_id: 's' } }),
]
const message = { id: 'm', from: 'user', body: 'do it' }
const at = (now: number) => ({ now, isCut: false })

/** One that is ready and was given a message at 1000. */
function given(): Decoder {
  const decoder = createTerminalDecoder(null)
  decoder.push('notes', [...started, '{"ready":true}'], at(0))
  decoder.sent(message, 1000)
  return decoder
}

/** All that is due until then, at its time. */
function wait(decoder: Decoder, until: number): ProviderEvent[] {
  const said: ProviderEvent[] = []
  for (let due = decoder.dueAt(0); due !== null && due <= until; due = decoder.dueAt(due)) {
    said.push(...decoder.due(due))
  }
  return said
}

test('what was not taken gets Enter some times, never its text again, and fails at last', () => {
  const said = wait(given(), 1_000_000)
  expect(ofType(said, 'input').map(({ text }) => text)).toEqual(
    Array.from({ length: 3 }, () => 'keys 1\n\r\n'),
  )
  expect(said.at(-1)).toMatchObject({ type: 'turn.ended', message: 'm' })
  expect((said.at(-1) as { error: string }).error).toContain('did not take the message')
})

test('what was taken gets no more Enter; where no turn comes of it, it fails', () => {
  const decoder = given()
  const note = { hook_event_name: 'UserPromptSubmit', prompt: 'do it ' }
  decoder.push('notes', [JSON.stringify({ note })], at(1500))
  const said = wait(decoder, 1_000_000)
  expect(said.map(({ type }) => type)).toEqual(['turn.ended'])
})

test('no key is pressed while it asks: Enter would be a yes', () => {
  const decoder = given()
  const note = { hook_event_name: 'PermissionRequest', tool_name: 'Bash', tool_input: {} }
  decoder.push('notes', [JSON.stringify({ ask: 'ask-1', note })], at(1500))
  expect(decoder.sent({ id: 's', from: 'user', body: 'and this', isSteering: true }, 1600)).toEqual(
    [],
  )
  expect(wait(decoder, 1_000_000)).toEqual([])
  const [typed] = decoder.push('notes', ['{"answered":"ask-1"}'], at(2000))
  expect(typed).toMatchObject({
    type: 'input',
    text: expect.stringContaining('and this') as string,
  })
})

test('a message is known again however the input box changed it', () => {
  for (const text of [
    'half typed do it',
    '<pasted_content id="1">\ndo\tit\n</pasted_content id="1">',
  ]) {
    const line = { type: 'user', message: { role: 'user', content: text } }
    const said = given().push('transcript', [JSON.stringify(line)], at(2000))
    expect(ofType(said, 'turn.started')).toEqual([{ type: 'turn.started', message: 'm' }])
  }
  const other = { type: 'user', message: { role: 'user', content: 'do it not' } }
  const said = given().push('transcript', [JSON.stringify(other)], at(2000))
  expect(ofType(said, 'turn.started')).toEqual([{ type: 'turn.started', message: null }])
})

test('a turn that was taken back before its first answer is over once it is idle for a while', () => {
  const decoder = given()
  const content = { role: 'user', content: 'do it' }
  const line = { type: 'user', timestamp: '2026-11-21T16:00:00.000Z', message: content }
  decoder.push('transcript', [JSON.stringify(line)], at(2000))
  const began = Date.parse(line.timestamp)
  decoder.push('notes', [JSON.stringify({ idle: began - 1 })], at(2100))
  expect(wait(decoder, 1_000_000)).toEqual([])
  decoder.push('notes', [JSON.stringify({ idle: began + 1 })], at(2200))
  expect(wait(decoder, 1_000_000)).toMatchObject([{ type: 'turn.ended', error: 'interrupted' }])
})

test('another conversation that a person begins there is followed', () => {
  const note = { hook_event_name: 'SessionStart', session_id: 'two', transcript_path: '/t/two' }
  const said = given().push('notes', [JSON.stringify({ size: 7, note })], at(2000))
  expect(said).toEqual([
    { type: 'session', session: 'two' },
    { type: 'transcript', file: '/t/two', offset: 7 },
  ])
})

test('what is no JSON, or of another kind, is passed over', () => {
  const lines = ['', 'null', '[]', '{', '{"note":null}', '{"type":"user"}', '{"type":"assistant"}']
  const decoder = given()
  expect(() => decoder.push('notes', lines, at(1))).not.toThrow()
  expect(() => decoder.push('transcript', lines, at(1))).not.toThrow()
})
