import { createHash } from 'node:crypto'
import type { OutgoingMessage } from '../contract.ts'

/** What we read of a stream-json line; every field may be missing or of another kind. */
export interface ClaudeLine {
  type?: unknown
  subtype?: unknown
  session_id?: unknown
  parent_tool_use_id?: unknown
  uuid?: unknown
  command_uuid?: unknown
  state?: unknown
  isReplay?: unknown
  message?: { id?: unknown; content?: unknown; model?: unknown }
  event?: {
    type?: unknown
    message?: { id?: unknown; model?: unknown }
    content_block?: { type?: unknown }
    delta?: { type?: unknown; text?: unknown; thinking?: unknown }
  }
  is_error?: unknown
  result?: unknown
  errors?: unknown
  total_cost_usd?: unknown
  duration_ms?: unknown
  usage?: Record<string, unknown>
  api_error_status?: unknown
  error?: unknown
  error_status?: unknown
  attempt?: unknown
  max_retries?: unknown
  retry_delay_ms?: unknown
  rate_limit_info?: { status?: unknown; resetsAt?: unknown; rateLimitType?: unknown }
  terminal_reason?: unknown
  tasks?: unknown
  model?: unknown
  tool_result_meta?: unknown
  request_id?: unknown
  request?: ClaudeRequest
  response?: {
    subtype?: unknown
    request_id?: unknown
    error?: unknown
    response?: { model?: unknown } | null
  }
}

/** What it asks of whoever drives it. */
export interface ClaudeRequest {
  subtype?: unknown
  tool_name?: unknown
  input?: unknown
  description?: unknown
  decision_reason?: unknown
  permission_suggestions?: unknown
  tool_use_id?: unknown
  /** Set where a helper of the agent asks, which may outlive the turn. */
  agent_id?: unknown
}

/** A block of a message's content. */
export interface ClaudeBlock {
  type?: unknown
  text?: unknown
  thinking?: unknown
  id?: unknown
  name?: unknown
  input?: unknown
  tool_use_id?: unknown
  content?: unknown
  is_error?: unknown
}

/** The line as an object; null when it is not one. */
export function parseClaudeLine(line: string): ClaudeLine | null {
  if (!line.startsWith('{')) {
    return null
  }
  try {
    return JSON.parse(line) as ClaudeLine
  } catch {
    return null
  }
}

export function blocksOf(line: ClaudeLine): ClaudeBlock[] {
  const content = line.message?.content
  return Array.isArray(content)
    ? content.filter((block) => typeof block === 'object' && block !== null)
    : []
}

/** Content of a tool's result as text. */
export function resultText(content: unknown): string {
  if (typeof content === 'string') {
    return content
  }
  if (Array.isArray(content)) {
    return content
      .map((part: { text?: unknown } | null) => (typeof part?.text === 'string' ? part.text : ''))
      .join('\n')
  }
  return content === undefined ? '' : JSON.stringify(content)
}

/** Claude Code knows a message by a UUID: ours if it is one, else one made from it, always the same. */
export function uuidOf(messageId: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(messageId)) {
    return messageId
  }
  const hash = createHash('sha256').update(messageId).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

/** One line of its input. */
export function encodeClaudeMessage({ id, body }: OutgoingMessage): string {
  const line = {
    type: 'user',
    message: { role: 'user', content: [{ type: 'text', text: body }] },
    parent_tool_use_id: null,
    session_id: '',
    uuid: uuidOf(id),
  }
  return `${JSON.stringify(line)}\n`
}
