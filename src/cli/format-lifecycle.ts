import type { AgentSpec } from '../schema/agent.ts'
import { lifecycleDefaults } from '../schema/lifecycle-defaults.ts'
import type { Lifecycle } from '../schema/lifecycle.ts'
import { plainText } from './plain-text.ts'
import { formatExactDuration } from './relative-time.ts'

type Fields = (readonly [string, string | null])[]

/** How an agent's life differs from that of others, as fields; null where it does not. */
export function lifecycleFields({ lifecycle, budget, initialPrompt }: AgentSpec): Fields {
  return [
    ...times.map(([key, name, zero]) => [name, timeText(lifecycle, key, zero)] as const),
    ['rest', isDefault(lifecycle, 'rest') ? null : lifecycle.rest],
    ['restart', isDefault(lifecycle, 'restart') ? null : lifecycle.restart],
    ['parking', isDefault(lifecycle, 'parking') ? null : lifecycle.parking ? 'yes' : 'no'],
    ['tries', isDefault(lifecycle, 'tries') ? null : String(lifecycle.tries)],
    ['budget', budgetText(budget)],
    ['initial prompt', initialPrompt === undefined ? null : plainText(initialPrompt).trim()],
  ]
}

type TimeKey = Exclude<keyof Lifecycle, 'rest' | 'restart' | 'parking' | 'tries'>

/** Each with its name and what 0 means. */
const times: readonly (readonly [key: TimeKey, name: string, zero: string])[] = [
  ['idleMs', 'idle', 'never'],
  ['maxAgeMs', 'max age', 'no limit'],
  ['bootMs', 'boot timeout', 'none'],
  ['readyMs', 'ready timeout', 'none'],
  ['wedgedMs', 'wedged', 'never'],
  ['attachedMs', 'attached', 'for ever'],
  ['suspendedMs', 'suspended', 'for ever'],
]

function timeText(lifecycle: Lifecycle, key: TimeKey, zero: string): string | null {
  const durationMs = lifecycle[key]
  return isDefault(lifecycle, key)
    ? null
    : durationMs === 0
      ? zero
      : formatExactDuration(durationMs)
}

function isDefault(lifecycle: Lifecycle, key: keyof Lifecycle): boolean {
  return lifecycle[key] === lifecycleDefaults[key]
}

/** `$5, 1000 tokens`; null: it may spend anything. */
export function budgetText({ usd, tokens }: AgentSpec['budget']): string | null {
  const parts = [
    usd === undefined ? null : `$${usd}`,
    tokens === undefined ? null : `${tokens} tokens`,
  ].filter((part) => part !== null)
  return parts.length > 0 ? parts.join(', ') : null
}
