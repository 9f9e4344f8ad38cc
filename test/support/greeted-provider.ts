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
  joined?: boolean
  answered?: string
  reply?: string
  error?: string
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
      steer: true,
      interrupt: true,
      models: true,
      reload: ['model'],
    },
    unsupported: [],
    launch: async ({ agent, resume }) => ({
      argv: [process.execPath, programFile, record, manner],
      env: {},
      files: [],
      input: `${JSON.stringify({ hello: resume ?? agent.name })}\n`,
    }),
    encode: ({ id, body, isSteering = false }, state) => {
      const steer = isSteering ? { steer: true } : {}
      return `${JSON.stringify({ id, text: body, session: state?.['session'] ?? null, ...steer })}\n`
    },
    interrupt: () => `${JSON.stringify({ interrupt: true })}\n`,
    reload: ({ model }) => `${JSON.stringify({ model })}\n`,
    createDecoder: (state) => createDecoder(state),
  }
}

function createDecoder(saved: DecoderState | null): Decoder {
  const state: DecoderState = saved ?? {}
  const read = (line: string): ProviderEvent[] => {
    const {
      hello,
      opened,
      refused,
      took,
      joined = false,
      answered,
      reply,
      error,
    } = JSON.parse(line) as Said
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
        { type: 'accepted', message: took, joined },
        { type: 'turn.started', message: took },
      ]
    }
    const turn = { error: error ?? null, cost: unmeasured, durationMs: null }
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
