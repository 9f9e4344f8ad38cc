import { fileURLToPath } from 'node:url'
import type {
  Decoder,
  DecoderState,
  Provider,
  ProviderEvent,
} from '../../src/providers/contract.ts'
import { unmeasured } from '../../src/providers/contract.ts'
import { commandProvider } from '../../src/providers/command/index.ts'

const programFile = fileURLToPath(new URL('../fixtures/greeted-program.mjs', import.meta.url))

/** What the program says, one field a line. */
interface Said {
  hello?: string
  opened?: string
  refused?: string
  took?: string
  answered?: string
  reply?: string
}

/** A provider whose program must be greeted: hello, then open, then messages of its session. */
export function greetedProvider(record: string, manner: 'plain' | 'mute' | 'refuse'): Provider {
  return {
    ...commandProvider,
    name: 'greeted',
    capabilities: {
      ...commandProvider.capabilities,
      turns: true,
      handshake: true,
      resume: true,
    },
    unsupported: [],
    launch: async ({ agent, resume }) => ({
      argv: [process.execPath, programFile, record, manner],
      env: {},
      files: [],
      input: `${JSON.stringify({ hello: resume ?? agent.name })}\n`,
    }),
    encode: ({ id, body }, state) =>
      `${JSON.stringify({ id, text: body, session: state?.['session'] ?? null })}\n`,
    createDecoder: (state) => createDecoder(state),
  }
}

function createDecoder(saved: DecoderState | null): Decoder {
  const state: DecoderState = saved ?? {}
  const read = (line: string): ProviderEvent[] => {
    const { hello, opened, refused, took, answered, reply } = JSON.parse(line) as Said
    if (hello) {
      return [{ type: 'input', text: `${JSON.stringify({ open: hello })}\n` }]
    }
    if (opened) {
      state['session'] = opened
      return [{ type: 'session', session: opened }, { type: 'ready' }]
    }
    if (refused) {
      return [{ type: 'unusable', class: 'config', message: refused }]
    }
    if (took) {
      return [
        { type: 'accepted', message: took },
        { type: 'turn.started', message: took },
      ]
    }
    const turn = { error: null, cost: unmeasured, durationMs: null }
    return [{ type: 'turn.ended', message: answered ?? null, reply: reply ?? '', ...turn }]
  }
  return {
    sent: () => [],
    push: (stream, lines) => (stream === 'out' ? lines.flatMap(read) : []),
    dueAt: () => null,
    due: () => [],
    ended: () => [],
    snapshot: () => state,
  }
}
