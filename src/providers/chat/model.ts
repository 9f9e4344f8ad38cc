import type { ErrorClass } from '../contract.ts'
import type { ToolCall, Turn } from './conversation.ts'
import type { ToolDefinition } from './tool-definitions.ts'

/** Whatever answers: a real model behind an endpoint, or the practice model. */
export interface Model {
  /** For people: what and where. */
  readonly title: string
  /** What its tokens are priced by; null where it has none. One's own machine is `ollama/NAME`. */
  readonly name: string | null
  /** One answer. Expected failures are returned; it rejects only when `signal` aborts. */
  answer(
    request: ModelRequest,
    listener: ModelListener,
    signal: AbortSignal,
  ): Promise<ModelAnswer | ModelFailure>
}

export interface ModelRequest {
  agent: string
  /** The whole system prompt; memory and persona are in it. */
  system: string
  memory: string
  persona: string | null
  /** Turns of the conversation, the current one last. */
  turns: readonly Turn[]
  /** Messages the conversation has had, with the current one; more than `turns` when it is long. */
  messageCount: number
  tools: readonly ToolDefinition[]
}

export interface ModelListener {
  text(delta: string): void
  thinking(delta: string): void
}

export interface ModelAnswer {
  kind: 'answer'
  text: string
  toolCalls: ToolCall[]
  /** Tokens; null is unmeasured. */
  inputTokens: number | null
  outputTokens: number | null
  /** Parts of the two. */
  cachedInputTokens: number | null
  reasoningTokens: number | null
}

export interface ModelFailure {
  kind: 'failure'
  class: ErrorClass
  message: string
  /** When the endpoint takes requests again, Unix ms, where it says so. */
  until?: number
}
