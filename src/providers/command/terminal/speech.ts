import { encodeStrokes } from '../../../core/strokes.ts'
import type { ProviderCapabilities, Speech } from '../../contract.ts'
import { submitText } from '../../terminal/submit-text.ts'
import { launchCommand } from '../launch.ts'
import { CommandOptions } from '../options.ts'
import { createTerminalCommandDecoder } from './decoder.ts'

/** The end of its input is a key, which shells and the like go by; many of them pass over a TERM. */
const askMs = 1000

/**
 * Any program at a terminal: a message is pasted and entered, its answer is what the program then
 * prints. `capabilities` are those that it has without a terminal: nobody knows which key would end
 * a turn and leave the program as it is.
 */
export function commandAtTerminal(capabilities: ProviderCapabilities): Speech {
  return {
    capabilities,
    askMs,
    launch: launchCommand,
    encode: ({ body }) => encodeStrokes(submitText(body.replace(/\r?\n$/, ''))),
    createDecoder: (state, spec) =>
      createTerminalCommandDecoder(state, CommandOptions.parse(spec.options).settleMs),
  }
}
