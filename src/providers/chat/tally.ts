import type { AgentStopped } from '../ndjson/protocol.ts'
import type { ModelAnswer } from './model.ts'

const counts = ['inputTokens', 'outputTokens', 'cachedInputTokens', 'reasoningTokens'] as const

/** Sums of one turn; null is unmeasured. */
export type Tally = {
  reply: string
  model: string | null
} & Record<(typeof counts)[number], number | null>

export function createTally(): Tally {
  return {
    reply: '',
    model: null,
    inputTokens: null,
    outputTokens: null,
    cachedInputTokens: null,
    reasoningTokens: null,
  }
}

export function addUsage(tally: Tally, answer: ModelAnswer): void {
  for (const name of counts) {
    if (answer[name] !== null) {
      tally[name] = (tally[name] ?? 0) + answer[name]
    }
  }
}

export function usageOf(tally: Tally): AgentStopped['usage'] {
  return {
    input_tokens: tally.inputTokens,
    output_tokens: tally.outputTokens,
    cached_input_tokens: tally.cachedInputTokens,
    reasoning_tokens: tally.reasoningTokens,
  }
}
