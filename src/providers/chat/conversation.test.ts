import { describe, expect, test } from 'vitest'
import { readTurns, recentTurns, type Entry } from './conversation.ts'

const user = (id: string): Entry => ({
  type: 'user',
  id,
  from: 'user',
  text: `text of ${id}`,
  at: 1,
})
const said = (text: string): Entry => ({ type: 'assistant', text, toolCalls: [] })
const called = (id: string): Entry => ({
  type: 'assistant',
  text: '',
  toolCalls: [{ id, name: 'look', input: '{}' }],
})
const end = (id: string): Entry => ({ type: 'end', id, error: null })

describe('reading a conversation', () => {
  test('makes a turn of each message', () => {
    const turns = readTurns([
      { type: 'session', v: 1, id: 's' },
      user('a'),
      said('one'),
      end('a'),
      user('b'),
      said('two'),
      end('b'),
    ])
    expect(turns.map(({ id, isEnded, steps }) => [id, isEnded, steps.length])).toEqual([
      ['a', true, 1],
      ['b', true, 1],
    ])
  })

  test('begins a turn anew when its message comes again after a crash', () => {
    const turns = readTurns([user('a'), called('x'), user('a'), said('two'), end('a')])
    expect(turns).toHaveLength(1)
    expect(turns[0]?.steps).toEqual([said('two')])
  })

  test('keeps an unfinished turn when another message comes, and answers its open tool calls', () => {
    const turns = readTurns([user('a'), called('x'), user('b')])
    expect(turns.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(turns[0]?.steps.at(-1)).toMatchObject({ type: 'tool', id: 'x', isError: true })
  })

  test('counts a message that was answered and comes again as two', () => {
    expect(readTurns([user('a'), end('a'), user('a'), end('a')])).toHaveLength(2)
  })
})

describe('the turns that fit', () => {
  const turns = readTurns([user('a'), end('a'), user('b'), end('b'), user('c')])

  test('are all of them when there is room', () => {
    expect(recentTurns(turns, 100_000)).toEqual(turns)
  })

  test('are the latest, and always the last', () => {
    const one = JSON.stringify(turns[0]).length
    expect(recentTurns(turns, 2 * one + 5).map(({ id }) => id)).toEqual(['b', 'c'])
    expect(recentTurns(turns, 1).map(({ id }) => id)).toEqual(['c'])
    expect(recentTurns([], 1)).toEqual([])
  })
})
