import path from 'node:path'
import type { Detection, LaunchRequest, Provider, ProviderLaunch } from '../contract.ts'
import { ownProgram } from '../own-program.ts'
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
  return {
    argv: ownProgram(request),
    env: {},
    files: [],
    input: greet(request, { isPromptTold: false }),
  }
}
