import { readFileSync } from 'node:fs'
import path from 'node:path'
import { greetingLine } from '../src/providers/acp/open-session.ts'
import { acpProvider } from '../src/providers/acp/index.ts'
import { claudeProvider } from '../src/providers/claude/index.ts'
import { codexProvider } from '../src/providers/codex/index.ts'
import { requestIds } from '../src/providers/codex/wire.ts'
import type { Provider } from '../src/providers/contract.ts'
import { geminiProvider } from '../src/providers/gemini/index.ts'
import { opencodeProvider } from '../src/providers/opencode/index.ts'
import { AgentSpec } from '../src/schema/agent.ts'
import { root } from './places.ts'

/** A provider with what its program printed, recorded. */
export interface DecodeSubject {
  provider: Provider
  /** Of `test/fixtures/samples`, each a conversation from its beginning. */
  samples: readonly string[]
  /** Messages that the program has from the beginning. */
  sent: number
  /**
   * Programs that answer requests were recorded with other ids than ours: our id for the recorded
   * request of that number, and whether a message follows its answer.
   */
  ownId?: (number: number) => { id: string; isFollowed: boolean }
}

/** Every provider with recorded samples; a new one is a line here. */
export const decodeSubjects: Readonly<Record<string, DecodeSubject>> = {
  claude: {
    provider: claudeProvider,
    samples: [
      'claude-basic',
      'claude-error',
      'claude-interrupt-partial',
      'claude-midturn-steer',
      'claude-permission',
    ],
    sent: 5,
  },
  codex: {
    provider: codexProvider,
    samples: ['codex-appserver'],
    sent: 12,
    ownId: (number) => ({
      id: [null, requestIds.initialize, requestIds.thread][number] ?? `msg_${number - 2}`,
      isFollowed: false,
    }),
  },
  acp: acpSubject(acpProvider, 'acp-claude'),
  gemini: acpSubject(geminiProvider, 'acp-gemini'),
  opencode: acpSubject(opencodeProvider, 'acp-opencode'),
}

/** Request 1 greets, 2 opens the session, each later one is a message. */
function acpSubject(provider: Provider, sample: string): DecodeSubject {
  const greeting = JSON.parse(
    greetingLine({ resume: null, isFork: false, systemPrompt: null }),
  ) as { id: string }
  return {
    provider,
    samples: [sample],
    sent: 0,
    ownId: (number) => ({
      id: [null, greeting.id, 'drover/opening'][number] ?? `msg_${number}`,
      isFollowed: number >= 2,
    }),
  }
}

/** Lines that come together, and the message that is sent after them. */
export interface DecodeStep {
  lines: readonly string[]
  sent: string | null
}

export function stepsOf({ samples, ownId }: DecodeSubject, sample = samples[0]): DecodeStep[] {
  const file = path.join(root, 'test', 'fixtures', 'samples', `${sample}.jsonl`)
  const steps: DecodeStep[] = []
  let lines: string[] = []
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const { id, method } = JSON.parse(line) as { id?: unknown; method?: unknown }
    const own = ownId && method === undefined && typeof id === 'number' ? ownId(id) : null
    lines.push(own ? JSON.stringify({ ...(JSON.parse(line) as object), id: own.id }) : line)
    if (own?.isFollowed) {
      steps.push({ lines, sent: `msg_${Number(id) + 1}` })
      lines = []
    }
  }
  return [...steps, { lines, sent: null }]
}

/** An agent of the provider, as far as its decoder cares. */
export function specOf({ provider }: DecodeSubject): AgentSpec {
  return AgentSpec.parse({ provider: provider.name, runtime: 'process', dir: '/work' })
}
