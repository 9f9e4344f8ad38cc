import { describe, expect, test } from 'vitest'
import { addChunk, createAssembly, encodeRequest } from './chat-completions.ts'
import type { Turn } from './conversation.ts'
import { defineTools } from './tool-definitions.ts'

function assemble(...deltas: readonly object[]) {
  const assembly = createAssembly()
  for (const delta of deltas) {
    addChunk(assembly, JSON.stringify({ choices: [{ delta }] }))
  }
  return assembly
}

describe('putting a streamed answer together', () => {
  test('text and usage', () => {
    const assembly = assemble({ content: 'a' }, { content: null }, { content: 'b' })
    addChunk(assembly, '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}')
    expect(assembly).toMatchObject({ text: 'ab', inputTokens: 3, outputTokens: 4 })
  })

  test('tool calls whose input comes in pieces, side by side', () => {
    const { toolCalls } = assemble(
      { tool_calls: [{ index: 0, id: 'x', function: { name: 'look', arguments: '{"a"' } }] },
      { tool_calls: [{ index: 1, id: 'y', function: { name: 'take', arguments: '{}' } }] },
      { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] },
    )
    expect(toolCalls).toEqual([
      { id: 'x', name: 'look', input: '{"a":1}' },
      { id: 'y', name: 'take', input: '{}' },
    ])
  })

  test('whole calls that all claim the index 0, or none', () => {
    for (const index of [{ index: 0 }, {}]) {
      const calls = ['x', 'y'].map((id) => ({
        ...index,
        id,
        function: { name: id, arguments: '{}' },
      }))
      expect(assemble({ tool_calls: calls }).toolCalls.map(({ id }) => id)).toEqual(['x', 'y'])
    }
  })

  test('an error in mid-stream', () => {
    expect(addChunk(createAssembly(), '{"error":{"message":"too busy"}}').error).toContain(
      'too busy',
    )
  })
})

test('a request holds the system prompt, every step of the turns, and the tools', () => {
  const turn: Turn = {
    id: 'm1',
    from: 'ann',
    text: 'look',
    isEnded: true,
    steps: [
      {
        type: 'assistant',
        text: '',
        toolCalls: [{ id: 'x', name: 'read_file', input: '{"path":"a"}' }],
      },
      { type: 'tool', id: 'x', output: 'seen', isError: false },
      { type: 'assistant', text: 'I saw it', toolCalls: [] },
    ],
  }
  const request = {
    agent: 'a',
    system: 'be kind',
    memory: '',
    persona: null,
    turns: [turn],
    messageCount: 1,
  }
  const body = JSON.parse(
    encodeRequest('m', { ...request, tools: defineTools(['read_file']) }),
  ) as Record<string, unknown>
  expect(body).toMatchObject({
    model: 'm',
    stream: true,
    messages: [
      { role: 'system', content: 'be kind' },
      { role: 'user', content: 'Message from ann:\nlook' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          { id: 'x', type: 'function', function: { name: 'read_file', arguments: '{"path":"a"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'x', content: 'seen' },
      { role: 'assistant', content: 'I saw it' },
    ],
    tools: [{ type: 'function', function: { name: 'read_file' } }],
  })
  expect(encodeRequest('m', { ...request, tools: [] })).not.toContain('"tools"')
})
