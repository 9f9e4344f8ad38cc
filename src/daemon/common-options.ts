import type { OptionField, Provider } from '../providers/contract.ts'
import type { AgentSpec } from '../schema/agent.ts'

/** What the spec says once for all providers, as the options of its own that a provider has for it. */
export function withCommonOptions(
  { optionNames = {} }: Pick<Provider, 'optionNames'>,
  spec: AgentSpec,
): Record<string, unknown> {
  const options = { ...spec.options }
  for (const [field, name] of entriesOf(optionNames)) {
    const value = spec[field]
    if (Array.isArray(value)) {
      const own = options[name]
      const all = [...(Array.isArray(own) ? own : []), ...value]
      if (value.length > 0) {
        options[name] = field === 'addDirs' ? [...new Set(all)] : all
      }
    } else if (value !== undefined) {
      options[name] = value
    }
  }
  return options
}

/** The field of the spec that an option was given by; undefined where it was given by itself. */
export function commonFieldOf(
  { optionNames = {} }: Pick<Provider, 'optionNames'>,
  spec: AgentSpec,
  option: string | undefined,
): OptionField | undefined {
  const found = entriesOf(optionNames).find(([, name]) => name === option)?.[0]
  return found !== undefined && (spec[found]?.length ?? 0) > 0 ? found : undefined
}

function entriesOf(names: Partial<Record<OptionField, string>>): [OptionField, string][] {
  return Object.entries(names) as [OptionField, string][]
}
