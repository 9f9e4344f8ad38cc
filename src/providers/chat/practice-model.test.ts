import { describe, expect, test } from 'vitest'
import type { ModelRequest } from './model.ts'
import { createPracticeModel, practiceAnswer } from './practice-model.ts'
import { defineTools } from './tool-definitions.ts'

function request(text: string, fields: Partial<ModelRequest> = {}): ModelRequest {
  return {
    agent: 'hello',
    system: '',
    memory: '',
    persona: null,
    turns: [{ id: 'm', from: 'user', text, steps: [], isEnded: false }],
    messageCount: 2,
    tools: defineTools(['remember']),
    ...fields,
  }
}

describe('the practice model', () => {
  test('says in its first reply what it is', () => {
    expect(practiceAnswer(request('hi', { messageCount: 1 })).text).toMatch(/practice model.*no AI/)
    expect(practiceAnswer(request('hi')).text).not.toContain('practice model')
  })

  test('counts the messages of the conversation', () => {
    expect(practiceAnswer(request('xyz', { messageCount: 7 })).text).toBe(
      'You said: xyz (This is message 7 of this conversation.)',
    )
  })

  test('writes a fact through the remember tool, and confirms it by the result', () => {
    const asked = practiceAnswer(request('remember that tea is at four'))
    expect(asked.toolCalls).toMatchObject([
      { name: 'remember', input: '{"text":"tea is at four"}' },
    ])
    const turn = request('remember that tea is at four').turns[0]
    const after = (isError: boolean) =>
      practiceAnswer(
        request('', {
          turns: turn
            ? [{ ...turn, steps: [{ type: 'tool', id: 'x', output: 'no room', isError }] }]
            : [],
        }),
      )
    expect(after(false).text).toContain('I wrote that into my memory file.')
    expect(after(true).text).toContain('I could not: no room')
  })

  test('calls no tool that the agent does not have', () => {
    const answer = practiceAnswer(request('remember tea', { tools: [] }))
    expect(answer.toolCalls).toEqual([])
    expect(answer.text).toContain('remember tool')
  })

  test('reads its memory back', () => {
    expect(
      practiceAnswer(request('What do you remember?', { memory: '- tea at four' })).text,
    ).toContain('- tea at four')
    expect(practiceAnswer(request('what do you remember')).text).toContain('empty')
  })

  test('explains Drover and its own name', () => {
    expect(practiceAnswer(request('What is Drover?')).text).toContain('runs agents')
    expect(practiceAnswer(request('who are you')).text).toContain('My name is hello')
  })

  test('streams exactly what it answers', async () => {
    const said: string[] = []
    const listener = { text: (word: string) => void said.push(word), thinking: () => {} }
    const answer = await createPracticeModel().answer(
      request('hi'),
      listener,
      AbortSignal.timeout(5000),
    )
    expect(answer).toMatchObject({ kind: 'answer', text: said.join('') })
    expect(said.length).toBeGreaterThan(3)
  })

  test('stops when its turn is aborted', async () => {
    const listener = { text: () => {}, thinking: () => {} }
    const aborted = createPracticeModel().answer(
      request('hi'),
      listener,
      AbortSignal.abort(new Error('enough')),
    )
    await expect(aborted).rejects.toThrow()
  })
})
