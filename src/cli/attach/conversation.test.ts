import { expect, test } from 'vitest'
import type { Agent } from '../../schema/agent.ts'
import type { Event } from '../../schema/event.ts'
import type { Message } from '../../schema/message.ts'
import { formatClock } from '../relative-time.ts'
import { Conversation, type Piece } from './conversation.ts'

const idle = { name: 'guide', status: 'idle', waiting: null } as Agent

function event(type: string, data: Event['data'] = {}): Event {
  return { seq: 1, at: 0, type, agent: 'guide', run: 'r', data }
}

function take(conversation: Conversation, ...events: Event[]): Piece[] {
  return events.flatMap((each) => conversation.take(each)).filter(({ kind }) => kind !== 'pause')
}

const state = (id: string, to: string, more: Event['data'] = {}): Event =>
  event('message.state', { id, state: to, cause: null, ...more })

test('a message from here is shown when the agent has it, once', () => {
  const conversation = new Conversation(idle, [])
  conversation.post('m1', 'Hello')
  expect(conversation.waiting).toEqual([{ body: 'Hello', place: null }])
  expect(take(conversation, state('m1', 'stored', { from: 'user' }))).toEqual([])
  expect(conversation.waiting).toEqual([{ body: 'Hello', place: 1 }])
  expect(take(conversation, state('m1', 'delivered'))).toEqual([
    { kind: 'message', id: 'm1', from: '', body: 'Hello' },
  ])
  expect(conversation.waiting).toEqual([])
  expect(take(conversation, state('m1', 'accepted'), state('m1', 'done'))).toEqual([])
})

test('messages wait in the order in which the agent gets them, those of others among them', () => {
  const other = { id: 'm0', from: 'planner', body: 'Plan', state: 'stored' } as Message
  const conversation = new Conversation({ ...idle, status: 'working' }, [other])
  conversation.post('m1', 'one')
  conversation.post('m2', 'two')
  take(
    conversation,
    state('m1', 'stored', { from: 'user' }),
    state('x', 'stored', { from: 'tester' }),
    state('m2', 'stored', { from: 'user' }),
  )
  expect(conversation.waiting).toEqual([
    { body: 'one', place: 2 },
    { body: 'two', place: 4 },
  ])
  expect(take(conversation, state('m0', 'delivered'))).toEqual([
    { kind: 'message', id: 'm0', from: 'planner', body: 'Plan' },
  ])
  expect(take(conversation, state('m1', 'delivered'), state('x', 'delivered'))).toEqual([
    { kind: 'message', id: 'm1', from: '', body: 'one' },
    { kind: 'message', id: 'x', from: 'tester', body: null },
  ])
  expect(conversation.waiting).toEqual([{ body: 'two', place: 1 }])
})

test('a message from here that is refused or fails is told with its cause, once', () => {
  const conversation = new Conversation(idle, [])
  conversation.post('m1', 'Hello')
  const cause = 'the agent is stopped'
  expect(take(conversation, state('m1', 'refused', { cause, from: 'user' }))).toEqual([
    { kind: 'message', id: 'm1', from: '', body: 'Hello' },
    { kind: 'trouble', text: 'the message is refused: the agent is stopped' },
  ])
  conversation.post('m2', 'Again')
  expect(
    take(
      conversation,
      state('m2', 'stored', { from: 'user' }),
      state('m2', 'delivered'),
      event('turn.started', { message: 'm2' }),
      event('error', { class: 'auth', message: 'the key is wrong' }),
      event('turn.ended', { message: 'm2', reply: '', error: 'failed: the key is wrong' }),
      state('m2', 'failed', { cause: 'failed: the key is wrong' }),
      event('run.ended', { status: 'failed', cause: 'the key is wrong' }),
    ).filter(({ kind }) => kind === 'trouble'),
  ).toEqual([
    { kind: 'trouble', text: 'the key is wrong' },
    { kind: 'trouble', text: 'the message is failed' },
  ])
})

test('a message that could not be sent is given back with what kept it', () => {
  const conversation = new Conversation(idle, [])
  conversation.post('m1', 'Hello')
  expect(conversation.withdraw('m1', 'not sent: the daemon is away')).toEqual([
    { kind: 'message', id: 'm1', from: '', body: 'Hello' },
    { kind: 'trouble', text: 'not sent: the daemon is away' },
  ])
  expect(conversation.waiting).toEqual([])
})

test('a reply that did not come as text is shown when its turn is over, one that did is not repeated', () => {
  const conversation = new Conversation(idle, [])
  const end = event('turn.ended', { message: 'x', reply: 'Hello', error: null })
  expect(
    take(conversation, event('turn.started'), event('text', { text: 'Hello' }), end, end),
  ).toEqual([{ kind: 'text', text: 'Hello' }])
  expect(take(conversation, event('turn.started'), end)).toEqual([{ kind: 'text', text: 'Hello' }])
})

test('a turn that failed for somebody else is told as such', () => {
  const conversation = new Conversation(idle, [])
  const end = event('turn.ended', { message: 'x', reply: '', error: 'no model' })
  expect(take(conversation, event('turn.started'), end).at(-1)).toEqual({
    kind: 'trouble',
    text: 'the turn failed: no model',
  })
})

test('a tool is one line with its only argument, or with all of them', () => {
  const conversation = new Conversation(idle, [])
  expect(
    take(
      conversation,
      event('tool.call', { id: 't', name: 'Bash', input: { command: 'ls -l' } }),
      event('tool.call', { id: 't', name: 'Edit', input: { file: 'a', lines: 3 } }),
      event('tool.call', { id: 't', name: 'Look', input: {} }),
      event('tool.result', { id: 't', output: 'fine', isError: false }),
      event('tool.result', { id: 't', output: 'no such file', isError: true }),
    ),
  ).toEqual([
    { kind: 'tool', text: 'Bash ls -l' },
    { kind: 'tool', text: 'Edit {"file":"a","lines":3}' },
    { kind: 'tool', text: 'Look {}' },
    { kind: 'tool', text: 'failed: no such file' },
  ])
})

test('a wait is told with what it waits for, until it is over', () => {
  const until = Date.UTC(2026, 10, 21, 15, 0, 0)
  const status = (to: string): Event => event('agent.status', { status: to })
  const conversation = new Conversation(
    {
      ...idle,
      status: 'waking',
      waiting: {
        gate: 'admission',
        cause: '100 MB of memory are free, 512 MB are needed',
        until: null,
      },
    },
    [],
  )
  expect(conversation.activity).toBe(
    'guide is waking: 100 MB of memory are free, 512 MB are needed',
  )
  take(conversation, event('agent.waiting', { gate: 'backoff', cause: 'its program died', until }))
  expect(conversation.activity).toBe(
    `guide is waking: its program died, until ${formatClock(until)}`,
  )
  take(conversation, event('run.starting'))
  expect(conversation.activity).toBe('guide is waking')
  take(conversation, status('working'))
  expect(conversation.activity).toBe('guide is working')
  expect(take(conversation, status('idle'))).toEqual([])
  expect(conversation.activity).toBeNull()
  expect(take(conversation, status('asleep'), status('stopped'), event('agent.removed'))).toEqual([
    { kind: 'note', text: 'guide is asleep; a message wakes it' },
    { kind: 'note', text: 'guide is stopped; it takes no messages' },
    { kind: 'note', text: 'guide was removed' },
  ])
})
