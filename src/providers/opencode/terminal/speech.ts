import { encodeStrokes } from '../../../core/strokes.ts'
import type { ProviderCapabilities, Speech } from '../../contract.ts'
import { createOpencodeDecoder } from './decoder.ts'
import { launchOpencodeAtTerminal } from './launch.ts'
import { encodeReply } from './questions.ts'
import { createOpencodeState } from './state.ts'

/**
 * OpenCode at a terminal; `capabilities` are those over its protocol. A message is handed to the
 * session by the plugin, not typed: it can't mix with what a person types, and is whole.
 */
export function opencodeAtTerminal(capabilities: ProviderCapabilities): Speech {
  return {
    capabilities,
    askMs: 0,
    launch: async (request) => launchOpencodeAtTerminal(request),
    encode: ({ id, body }) => encodeStrokes([{ stroke: 'answer', name: `say-${id}`, text: body }]),
    createDecoder: (state) => createOpencodeDecoder(state),
    carry: ({ totalUsd, session }) => ({
      ...createOpencodeState(),
      session: typeof session === 'string' ? session : null,
      totalUsd: typeof totalUsd === 'number' ? totalUsd : null,
    }),
    answer: encodeReply,
    interrupt: (state) =>
      state?.['turn'] ? encodeStrokes([{ stroke: 'answer', name: 'abort', text: '' }]) : null,
  }
}
