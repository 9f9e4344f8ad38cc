import type { LaunchRequest, ProviderLaunch } from '../contract.ts'
import { ownProgram } from '../own-program.ts'

/** The program that was given, as it was given. Errors: `invalid_request`, `program_not_found`. */
export async function launchCommand(request: LaunchRequest): Promise<ProviderLaunch> {
  return { argv: ownProgram(request), env: {}, files: [], reservedBytes: 0 }
}
