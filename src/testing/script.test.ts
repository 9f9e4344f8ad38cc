import { describe, expect, test } from 'vitest'
import { planAnswer, type Prompt } from './script.ts'

function plan(text: string, fields: Partial<Prompt> = {}) {
  const answer = planAnswer({ text, toolResults: [], tools: ['Bash'], ...fields })
  return answer.kind === 'text' ? answer.words.join('') : answer
}

describe('the script in a prompt', () => {
  test('is echoed when it holds no directive', () => {
    expect(plan('first\nlast line')).toBe('echo: last line')
    expect(plan('')).toBe('echo: ')
  })

  test('says a text, in small pieces that keep whole characters', () => {
    expect(plan('please [[say:a longer text than one piece 🙂🙂]]')).toBe(
      'a longer text than one piece 🙂🙂',
    )
  })

  test('calls tools in order, then says the rest', () => {
    const text = '[[bash:ls]] [[tool:look {"a":["b"]}]] [[say:done]]'
    expect(plan(text)).toEqual({
      kind: 'tool',
      name: 'Bash',
      input: { command: 'ls', description: 'run' },
    })
    expect(plan(text, { toolResults: ['x'] })).toEqual({
      kind: 'tool',
      name: 'look',
      input: { a: ['b'] },
    })
    expect(plan(text, { toolResults: ['x', 'y'] })).toBe('done')
  })

  test('quotes the last result when nothing is left to say', () => {
    expect(plan('[[bash:ls]]', { toolResults: ['file'] })).toBe('tool said: file')
  })

  test('knows the shell tools of several programs', () => {
    expect(plan('[[bash:ls]]', { tools: ['run_command'] })).toMatchObject({
      input: { argv: ['bash', '-c', 'ls'] },
    })
    expect(plan('[[bash:ls]]', { tools: ['exec_command'] })).toMatchObject({ input: { cmd: 'ls' } })
    expect(plan('[[bash:ls]]', { tools: ['other'] })).toContain('no shell tool')
  })

  test('calls no tool of a client that offers none', () => {
    expect(plan('[[bash:ls]] [[say:title]]', { tools: [] })).toBe('title')
  })

  test('fails with a status, and says slowly', () => {
    expect(plan('[[fail:429]]')).toEqual({
      kind: 'failure',
      status: 429,
      retryAfterSeconds: null,
    })
    expect(plan('[[fail:429 30]]')).toMatchObject({ status: 429, retryAfterSeconds: 30 })
    expect(planAnswer({ text: '[[slow:3]]', toolResults: [], tools: [] })).toMatchObject({
      words: ['tick0 ', 'tick1 ', 'tick2 '],
      gapMs: 200,
    })
  })

  test('says what is wrong with a tool call that is not JSON', () => {
    expect(plan('[[tool:look {oops]]')).toContain('not followed by JSON')
  })
})
