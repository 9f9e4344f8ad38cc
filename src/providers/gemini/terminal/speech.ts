import { encodeStrokes } from '../../../core/strokes.ts'
import type { ProviderCapabilities, Speech } from '../../contract.ts'
import { asNoCommand, pressEscape, submitText } from '../../terminal/submit-text.ts'
import { createGeminiDecoder } from './decoder.ts'
import { launchGeminiAtTerminal } from './launch.ts'

/** An Enter that comes as fast as a paste is taken for a part of it, ms. */
const enterMs = 200

/**
 * Gemini CLI at a terminal; `capabilities` are those over its protocol. What it asks it asks there and
 * nowhere else: no hook can answer, and with several questions at once no key says which one it is for.
 */
export function geminiAtTerminal(capabilities: ProviderCapabilities): Speech {
  return {
    capabilities: { ...capabilities, approvals: false, reload: [] },
    askMs: 0,
    launch: async (request) => launchGeminiAtTerminal(request),
    encode: ({ body }) =>
      encodeStrokes(submitText(/^\s*[/?!]/.test(body) ? asNoCommand(body) : body, enterMs)),
    createDecoder: (state) => createGeminiDecoder(state),
    interrupt: (state) => (state?.['turn'] ? encodeStrokes(pressEscape()) : null),
  }
}
