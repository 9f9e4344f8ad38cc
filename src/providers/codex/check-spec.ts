import type { AgentSpec } from '../../schema/agent.ts'
import { DroverError } from '../../schema/error.ts'

/**
 * What does not go together, told before there is an agent. Errors: `invalid_request`, `unsupported`,
 * naming the field.
 */
export function checkCodexSpec({ profile, options }: Pick<AgentSpec, 'profile' | 'options'>): void {
  if (profile === undefined) {
    return
  }
  const details = { field: 'profile' }
  if (options['protocol'] !== 'exec') {
    const message = 'profile: codex app-server takes none; with option protocol=exec it is taken.'
    throw new DroverError('unsupported', message, { details })
  }
  if (options['configDir'] === undefined) {
    const message = 'profile: it is a file of the folder in option configDir, which goes with it.'
    throw new DroverError('invalid_request', message, { details })
  }
  if (!/^[A-Za-z0-9_-]+$/.test(profile)) {
    const message = `profile: ${JSON.stringify(profile)} is no name of a profile of Codex.`
    throw new DroverError('invalid_request', message, { details })
  }
}
