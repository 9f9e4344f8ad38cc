import type { Detection, OutgoingMessage, Provider, ProviderCapabilities } from '../contract.ts'
import { createCommandDecoder } from './decoder.ts'
import { launchCommand } from './launch.ts'
import { CommandOptions } from './options.ts'
import { commandAtTerminal } from './terminal/speech.ts'

const capabilities: ProviderCapabilities = {
  structured: false,
  terminal: true,
  resume: false,
  approvals: false,
  models: false,
  cost: false,
  turns: false,
  handshake: false,
  steer: false,
  interrupt: false,
  fork: false,
  reload: [],
}

/** Any program that reads lines and prints lines. */
export const commandProvider: Provider = {
  name: 'command',
  title: 'any program, lines in, lines out',
  capabilities,
  terminal: commandAtTerminal(capabilities),
  options: CommandOptions,
  unsupported: ['model', 'persona', 'trigger'],
  askMs: 0,

  async detect(): Promise<Detection> {
    const detail = 'runs the program given after --'
    return { usable: true, detail, hint: null, version: null, login: 'unknown' }
  },

  launch: launchCommand,

  /** A message is its text and a newline: several lines stay several lines. */
  encode({ body }: OutgoingMessage): string {
    return body.endsWith('\n') ? body : `${body}\n`
  },

  createDecoder: (state, spec) =>
    createCommandDecoder(state, CommandOptions.parse(spec.options).settleMs),
}
