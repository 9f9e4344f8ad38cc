import type { SessionUpdate } from '@agentclientprotocol/sdk'
import type { Event } from '../../schema/event.ts'

/** What an editor is told of an event; null: nothing. */
export function eventUpdate({ type, data }: Event): SessionUpdate | null {
  switch (type) {
    case 'text':
      return { sessionUpdate: 'agent_message_chunk', content: textBlock(data['text']) }
    case 'thinking':
      return { sessionUpdate: 'agent_thought_chunk', content: textBlock(data['text']) }
    case 'tool.call':
      return {
        sessionUpdate: 'tool_call',
        toolCallId: String(data['id']),
        title: callTitle(data),
        kind: 'other',
        status: 'in_progress',
        rawInput: data['input'],
      }
    case 'tool.result':
      return {
        sessionUpdate: 'tool_call_update',
        toolCallId: String(data['id']),
        status: data['isError'] === true ? 'failed' : 'completed',
        content: [{ type: 'content', content: textBlock(data['output']) }],
        rawOutput: data['output'],
      }
    default:
      return null
  }
}

export function textBlock(text: unknown): { type: 'text'; text: string } {
  return { type: 'text', text: typeof text === 'string' ? text : '' }
}

/** The tool with the first text of its input: `Bash: git status`. */
function callTitle({ name, input }: Event['data']): string {
  const values = typeof input === 'object' && input !== null ? Object.values(input) : []
  const text = values.find((value) => typeof value === 'string')
  return text === undefined ? String(name) : `${String(name)}: ${text.split('\n')[0] ?? ''}`
}
