import type { ProviderEvent } from '../contract.ts'
import { bareCommand } from './shell-command.ts'
import { fieldsOf, textOf, type Fields } from './wire.ts'

/** A tool's call as its item says it; null for items that are no tools. */
export function toolOf(item: Fields): { name: string; input: Fields } | null {
  switch (item['type']) {
    case 'commandExecution':
    case 'command_execution': {
      const command = bareCommand(textOf(item['command']))
      return { name: 'shell', input: { command, ...pick(item, 'cwd') } }
    }
    case 'fileChange':
    case 'file_change':
      return { name: 'apply_patch', input: pick(item, 'changes') }
    case 'mcpToolCall':
    case 'mcp_tool_call': {
      const name = `mcp__${textOf(item['server'])}__${textOf(item['tool'])}`
      return { name, input: fieldsOf(item['arguments']) }
    }
    case 'dynamicToolCall':
      return { name: textOf(item['tool']), input: fieldsOf(item['arguments']) }
    case 'webSearch':
    case 'web_search':
      return { name: 'web_search', input: pick(item, 'query', 'action') }
    case 'imageView':
      return { name: 'view_image', input: pick(item, 'path') }
    case 'imageGeneration':
      return { name: 'image_generation', input: pick(item, 'revisedPrompt') }
    case 'collabAgentToolCall':
    case 'collab_tool_call':
      return { name: textOf(item['tool']) || 'agent', input: pick(item, 'prompt', 'model') }
    default:
      return null
  }
}

/** What a finished tool gave. */
export function resultOf(item: Fields): Extract<ProviderEvent, { type: 'tool.result' }> {
  const status = textOf(item['status'])
  const exitCode = item['exitCode'] ?? item['exit_code']
  const error = item['error'] ?? null
  const output = textOf(item['aggregatedOutput'] ?? item['aggregated_output']) || outputOf(item)
  const isError =
    status === 'failed' || status === 'declined' || error !== null || item['success'] === false
  return {
    type: 'tool.result',
    id: textOf(item['id']),
    output: output || (status === 'declined' ? 'declined' : ''),
    isError: isError || (typeof exitCode === 'number' && exitCode !== 0),
  }
}

function outputOf(item: Fields): string {
  const error = fieldsOf(item['error'])['message']
  if (typeof error === 'string') {
    return error
  }
  const content = fieldsOf(item['result'])['content'] ?? item['contentItems']
  return Array.isArray(content)
    ? content.map((part) => textOf(fieldsOf(part)['text']) || JSON.stringify(part)).join('\n')
    : ''
}

function pick(item: Fields, ...names: string[]): Fields {
  return Object.fromEntries(
    names.flatMap((name) =>
      item[name] === undefined || item[name] === null ? [] : [[name, item[name]]],
    ),
  )
}
