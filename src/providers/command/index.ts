import { z } from 'zod'
import type {
  Detection,
  LaunchRequest,
  OutgoingMessage,
  Provider,
  ProviderLaunch,
} from '../contract.ts'
import { ownProgram } from '../own-program.ts'
import { createCommandDecoder } from './decoder.ts'

/** Options of the `command` provider. */
export const CommandOptions = z.strictObject({
  /** After the first line of an answer: how long it must be quiet for the answer to be whole, ms. */
  settleMs: z.number().int().min(0).max(60_000).default(100),
})

/** Any program that reads lines and prints lines. */
export const commandProvider: Provider = {
  name: 'command',
  title: 'any program, lines in, lines out',
  capabilities: {
    structured: false,
    terminal: false,
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
  },
  options: CommandOptions,
  unsupported: ['model', 'persona', 'trigger'],
  askMs: 0,

  async detect(): Promise<Detection> {
    const detail = 'runs the program given after --'
    return { usable: true, detail, hint: null, version: null, login: 'unknown' }
  },

  async launch(request: LaunchRequest): Promise<ProviderLaunch> {
    return { argv: ownProgram(request), env: {}, files: [], reservedBytes: 0 }
  },

  /** A message is its text and a newline: several lines stay several lines. */
  encode({ body }: OutgoingMessage): string {
    return body.endsWith('\n') ? body : `${body}\n`
  },

  createDecoder: (state, spec) =>
    createCommandDecoder(state, CommandOptions.parse(spec.options).settleMs),
}
