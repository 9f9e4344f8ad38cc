import { z } from 'zod'
import { DroverError } from '../../schema/error.ts'
import { findProgram } from '../../util/find-program.ts'
import type {
  Detection,
  LaunchRequest,
  OutgoingMessage,
  Provider,
  ProviderLaunch,
} from '../contract.ts'
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

  async launch({ spec, env }: LaunchRequest): Promise<ProviderLaunch> {
    const [program, ...rest] = spec.program
    if (program === undefined || program === '') {
      throw new DroverError(
        'invalid_request',
        'program: the command provider needs a program after "--".',
        {
          details: { field: 'program' },
        },
      )
    }
    const file = findProgram(program, { searchPath: env['PATH'] ?? '', folder: spec.dir })
    if (!file) {
      throw new DroverError(
        'program_not_found',
        `program: there is no executable ${JSON.stringify(program)}.`,
        {
          details: { field: 'program', program },
        },
      )
    }
    return { argv: [file, ...rest], env: {}, files: [], reservedBytes: 0 }
  },

  /** A message is its text and a newline: several lines stay several lines. */
  encode({ body }: OutgoingMessage): string {
    return body.endsWith('\n') ? body : `${body}\n`
  },

  createDecoder: (state, spec) =>
    createCommandDecoder(state, CommandOptions.parse(spec.options).settleMs),
}
