import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import { findProgram } from '../../util/find-program.ts'
import type { Detection, LaunchRequest, Provider, ProviderLaunch } from '../contract.ts'
import { createAcpDecoder } from './decoder.ts'
import { plainDialect } from './dialect.ts'
import { AcpOptions } from './options.ts'
import { acpCapabilities, acpParts, greet } from './provider-parts.ts'

/** Any program that speaks the Agent Client Protocol on its stdin and stdout. */
export const acpProvider: Provider = {
  ...acpParts,
  name: 'acp',
  title: 'any Agent Client Protocol program',
  capabilities: acpCapabilities,
  options: AcpOptions,
  unsupported: ['trigger'],
  honours: ['effort', 'addDirs'],
  askMs: 3000,

  async detect(): Promise<Detection> {
    const detail = 'runs the program given after --'
    return { usable: true, detail, hint: null, version: null, login: 'unknown' }
  },

  launch: async (request) => launchAcp(request),

  createDecoder(state, spec) {
    const { mode = null, authMethod = null, ...options } = AcpOptions.parse(spec.options)
    return createAcpDecoder(state, {
      ...plainDialect,
      ...options,
      mode,
      authMethod,
      title: path.basename(spec.program[0] ?? 'the program'),
      dir: spec.dir,
      model: spec.model ?? null,
      effort: spec.effort ?? null,
      addDirs: spec.addDirs,
    })
  },
}

/** Errors: `invalid_request`, `program_not_found`. */
function launchAcp(request: LaunchRequest): ProviderLaunch {
  const { spec, env } = request
  const [program, ...rest] = spec.program
  if (program === undefined || program === '') {
    throw new DroverError(
      'invalid_request',
      'program: the acp provider needs a program after "--".',
      { details: { field: 'program' } },
    )
  }
  const file = findProgram(program, { searchPath: env['PATH'] ?? '', folder: spec.dir })
  if (!file) {
    throw new DroverError(
      'program_not_found',
      `program: there is no executable ${JSON.stringify(program)}.`,
      { details: { field: 'program', program } },
    )
  }
  return {
    argv: [file, ...rest],
    env: {},
    files: [],
    input: greet(request, { isPromptTold: false }),
  }
}
