import { fileURLToPath } from 'node:url'
import { commandProvider } from '../../src/providers/command/index.ts'
import {
  unmeasured,
  type Decoder,
  type DecoderState,
  type Provider,
  type ProviderEvent,
} from '../../src/providers/contract.ts'

const programFile = fileURLToPath(new URL('../fixtures/asking-program.mjs', import.meta.url))

/** What the program says, one thing a line. */
interface Said {
  took?: string
  asks?: string
  tool?: string
  what?: string
  closes?: string
  answered?: string
  reply?: string
}

/** A provider whose program asks a person; what it is told is kept in a file. */
export function askingProvider(record: string): Provider {
  return {
    ...commandProvider,
    name: 'asking',
    capabilities: {
      ...commandProvider.capabilities,
      turns: true,
      resume: true,
      approvals: true,
    },
    unsupported: [],
    launch: async () => ({ argv: [process.execPath, programFile, record], env: {}, files: [] }),
    encode: ({ id, body }) => `${JSON.stringify({ id, text: body })}\n`,
    answer: ({ id, tool, reply }, answer) => {
      if (tool === 'Mute') {
        throw new Error('nobody can say this')
      }
      return `${JSON.stringify({ answer: id, reply, ...answer })}\n`
    },
    createDecoder,
  }
}

function createDecoder(saved: DecoderState | null): Decoder {
  const state: DecoderState = saved ?? {}
  return {
    sent: () => [],
    push: (stream, lines) => (stream === 'out' ? lines.flatMap(read) : []),
    dueAt: () => null,
    due: () => [],
    ended: () => [],
    snapshot: () => state,
  }
}

function read(line: string): ProviderEvent[] {
  const { took, asks, tool = '', what = '', closes, answered, reply } = JSON.parse(line) as Said
  if (took) {
    return [
      { type: 'session', session: 'one' },
      { type: 'accepted', message: took },
      { type: 'turn.started', message: took },
    ]
  }
  if (asks) {
    const input = tool === 'Edit' ? { file_path: what, text: 'x' } : { command: what }
    const said = { title: what, reason: null, reply: { of: asks } }
    return [{ type: 'question', id: asks, tool, input, ...said }]
  }
  if (closes) {
    return [{ type: 'question.closed', id: closes }]
  }
  const turn = { error: null, cost: unmeasured, durationMs: null }
  return [{ type: 'turn.ended', message: answered ?? null, reply: reply ?? '', ...turn }]
}
