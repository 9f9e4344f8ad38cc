import type { OptionField, Provider, SpecField } from '../providers/contract.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { DaemonContext } from './context.ts'

/** Options that a provider must say that it honours. */
const optionFields = ['effort', 'profile', 'addDirs', 'args'] as const satisfies OptionField[]

/** A field, and what a provider needs for it. */
type CommonField = SpecField | OptionField | 'promptAppend'

/**
 * What a provider can't honour is told, not ignored. Errors: `unsupported`, naming the field and who
 * could; `invalid_request` for a word that its program does not know,
 * or an argument that is Drover's.
 */
export function checkUnsupported(
  { providers }: Pick<DaemonContext, 'providers'>,
  provider: Provider,
  spec: AgentSpec,
): void {
  const fields: readonly CommonField[] = [...provider.unsupported, ...optionFields, 'promptAppend']
  const refused = fields.find((field) => isGiven(spec[field]) && !canHonour(provider, field))
  if (refused) {
    const able = [...providers.values()].filter((other) => canHonour(other, refused))
    const who = able.map(({ name }) => name).join(', ')
    throw new DroverError(
      'unsupported',
      `${refused}: the ${provider.name} provider can't honour it; ${who === '' ? 'none of this home can' : `${who} can`}.`,
      { details: { field: refused, providers: able.map(({ name }) => name) } },
    )
  }
  checkTerminal(providers, provider, spec)
  provider.checkSpec?.(spec)
  if (spec.effort && provider.efforts && !provider.efforts.includes(spec.effort)) {
    throw new DroverError(
      'invalid_request',
      `effort: ${spec.effort} is none of those of the ${provider.name} provider: ${provider.efforts.join(', ')}.`,
      { details: { field: 'effort' } },
    )
  }
  const reason = provider.refuseArguments?.(spec.args) ?? null
  if (reason !== null) {
    throw new DroverError('invalid_request', `args: ${reason}.`, { details: { field: 'args' } })
  }
}

/** A terminal in a container is asked for in words. Errors: `unsupported`. */
function checkTerminal(
  providers: DaemonContext['providers'],
  { name, terminal }: Provider,
  { container }: AgentSpec,
): void {
  if (!container?.terminal) {
    return
  }
  const field = 'container.terminal'
  if (!terminal) {
    const able = [...providers.values()].flatMap((each) => (each.terminal ? [each.name] : []))
    throw new DroverError(
      'unsupported',
      `${field}: the ${name} provider has nothing for a terminal; ${able.join(', ')} have.`,
      { details: { field, providers: able } },
    )
  }
  if (container.name !== undefined) {
    throw new DroverError(
      'unsupported',
      `${field}: in a container that is not its own an agent has pipes; leave it out, or give it one of its own with container.image.`,
      { details: { field } },
    )
  }
}

function canHonour({ unsupported, honours = [] }: Provider, field: CommonField): boolean {
  if (field === 'promptAppend') {
    return !unsupported.includes('persona')
  }
  return isOption(field) ? honours.includes(field) : !unsupported.includes(field)
}

function isOption(field: CommonField): field is OptionField {
  return optionFields.some((each) => each === field)
}

function isGiven(value: string | readonly string[] | undefined): boolean {
  return value !== undefined && value.length > 0
}
