import type { Provider } from '../providers/contract.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'

/** What a provider can't honour is told, not ignored. Errors: `unsupported`, naming the field. */
export function checkUnsupported(provider: Provider, spec: AgentSpec): void {
  for (const field of provider.unsupported) {
    const value = spec[field]
    if (value !== undefined && value.length > 0) {
      throw new DroverError(
        'unsupported',
        `${field}: the ${provider.name} provider can't honour it.`,
        { details: { field } },
      )
    }
  }
}
