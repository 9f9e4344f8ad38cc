import { encodeStrokes } from '../../../core/strokes.ts'
import type { ProviderCapabilities, Speech } from '../../contract.ts'
import { pressEscape, submitText } from '../../terminal/submit-text.ts'
import { carryState } from '../state.ts'
import { textOf } from '../wire.ts'
import { createTerminalDecoder } from './decoder.ts'
import { launchCodexAtTerminal } from './launch.ts'
import { encodeHookAnswer } from './questions.ts'

/** Codex at a terminal, as people use it; `capabilities` are those over the protocol. */
export function codexAtTerminal(capabilities: ProviderCapabilities): Speech {
  return {
    capabilities: { ...capabilities, reload: [] },
    askMs: 0,
    launch: launchCodexAtTerminal,
    encode: ({ body }) => encodeStrokes(submitText(asText(body))),
    createDecoder: (state) => createTerminalDecoder(state),
    carry: carryState,
    answer: encodeHookAnswer,
    interrupt: (state) => (textOf(state?.['turn']) ? encodeStrokes(pressEscape()) : null),
  }
}

/** What begins with `/` or `!` is a command of Codex's own; behind a space it is a text, without the space. */
function asText(body: string): string {
  return /^[/!]/.test(body) ? ` ${body}` : body
}
