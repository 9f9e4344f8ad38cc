import type { ProviderCapabilities, Speech } from '../../contract.ts'
import { createTerminalDecoder } from './decoder.ts'
import { answerAtTerminal, encodeForTerminal, interruptAtTerminal } from './encode.ts'
import { launchAtTerminal } from './launch.ts'
import { createTerminalState } from './state.ts'

const capabilities: ProviderCapabilities = {
  structured: true,
  terminal: true,
  resume: true,
  approvals: true,
  models: true,
  cost: true,
  turns: true,
  // Messages wait until its input box is there.
  handshake: true,
  steer: true,
  interrupt: true,
  fork: true,
  reload: [],
}

/** Claude Code used at a terminal: typed to, and understood by its hooks and its transcript. */
export const claudeTerminal: Speech = {
  capabilities,
  // At TERM it puts down what it has and goes.
  askMs: 0,
  launch: async (request) => launchAtTerminal(request),
  encode: encodeForTerminal,
  createDecoder: (state) => createTerminalDecoder(state),
  // A session's id and all that is of one run are told anew.
  carry: () => createTerminalState(),
  answer: answerAtTerminal,
  interrupt: interruptAtTerminal,
}
