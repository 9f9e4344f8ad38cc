import { describe, expect, test } from 'vitest'
import { answerAtTerminal, encodeForTerminal, interruptAtTerminal } from './encode.ts'
import { createTerminalState, type Turn } from './state.ts'

const message = (body: string) => ({ id: 'm', from: 'user', body })
/** What is pasted, piece by piece. */
const pastes = (strokes: string): string[] => {
  const pieces: string[] = []
  let rest = Buffer.from(strokes)
  while (rest.length > 0) {
    const end = rest.indexOf('\n')
    const [word, size] = rest.subarray(0, end).toString().split(' ')
    const length = word === 'pause' ? -1 : Number(size)
    if (word === 'paste') {
      pieces.push(rest.subarray(end + 1, end + 1 + length).toString())
    }
    rest = rest.subarray(end + 2 + length)
  }
  return pieces
}

describe('a message', () => {
  test('is pasted in pieces that are small enough to be taken for typed, and is whole', () => {
    const body = `${'ü🐑'.repeat(900)}\n\n\none\n\ttwo\r\nthree`
    const pieces = pastes(encodeForTerminal(message(body)))
    expect(pieces.join('')).toBe(`${body.replace('\r\n', '\n')} `)
    for (const piece of pieces) {
      expect(piece.length).toBeLessThanOrEqual(601)
      expect(piece.split('\n').length - 1).toBeLessThanOrEqual(2)
      expect(piece.isWellFormed()).toBe(true)
    }
  })

  test('is one paste where it is long', () => {
    const body = 'line\n'.repeat(5000)
    expect(pastes(encodeForTerminal(message(body)))).toEqual([`${body} `])
  })

  test.each(['/clear', ' /clear', '!ls', '?', 'exit', ' quit ', ':q!'])(
    'that would be an order is led in by a word: %j',
    (body) => {
      expect(pastes(encodeForTerminal(message(body)))).toEqual([`Message: ${body.trimStart()} `])
    },
  )

  test.each(['exit the building', '#note', '@file', 'a /b', '¡hola!'])(
    'that is none is as it is: %j',
    (body) => {
      expect(pastes(encodeForTerminal(message(body)))).toEqual([`${body} `])
    },
  )

  test('has no keys in it', () => {
    const strokes = encodeForTerminal(message('a\u001b[201~\rb\u0003\u009bc'))
    expect(pastes(strokes)).toEqual(['a[201~\nbc '])
  })

  test('is not sent by Enter, which could answer a question that comes just then', () => {
    expect(encodeForTerminal(message('\r\r'))).not.toContain('\r')
  })

  test('that joins a turn is typed by the decoder, once nothing is in its way', () => {
    expect(encodeForTerminal({ ...message('x'), isSteering: true })).toBe('')
  })
})

test('an interrupt is Esc, where there is something to end', () => {
  expect(interruptAtTerminal(null)).toBeNull()
  expect(interruptAtTerminal(createTerminalState())).toBeNull()
  const state = { ...createTerminalState(), turn: {} as Turn }
  expect(interruptAtTerminal(state)).toContain('keys 1\n\u001b\n')
})

const question = { id: 'ask-1', tool: 'Bash', input: { command: 'touch x' }, reply: null }
const answered = (answer: Partial<Parameters<typeof answerAtTerminal>[1]>, asked = question) =>
  JSON.parse(
    answerAtTerminal(asked, {
      isAllowed: true,
      isForSession: false,
      message: null,
      ...answer,
    }).split('\n')[1]!,
  ).hookSpecificOutput.decision as Record<string, unknown>

test('an answer is what the hook gives back, in the words of Claude Code', () => {
  expect(answered({})).toEqual({ behavior: 'allow', updatedInput: question.input })
  expect(answered({ isAllowed: false, message: 'no' })).toEqual({ behavior: 'deny', message: 'no' })
})

test('for the session a command itself is a rule, where it is no pattern', () => {
  const updates = (command: string) =>
    answered({ isForSession: true }, { ...question, input: { command } })['updatedPermissions']
  expect(updates('touch x')).toEqual([
    {
      type: 'addRules',
      rules: [{ toolName: 'Bash', ruleContent: 'touch x' }],
      behavior: 'allow',
      destination: 'session',
    },
  ])
  expect(updates('rm *')).toBeUndefined()
})
