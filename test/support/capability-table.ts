import type { Provider } from '../../src/providers/contract.ts'

/** What the table of docs/providers.md says of each provider, in its order. */
export const abilities = [
  'events',
  'resume',
  'fork',
  'interrupt',
  'steer',
  'questions',
  'cost',
  'model',
  'model under way',
  'prompt',
  'trigger',
] as const
export type Ability = (typeof abilities)[number]

/** Whether a provider says that it can, from its capabilities and nothing else. */
export function canDo({ capabilities, unsupported }: Provider, ability: Ability): boolean {
  switch (ability) {
    case 'events':
      return capabilities.structured
    case 'questions':
      return capabilities.approvals
    case 'model':
      return capabilities.models && !unsupported.includes('model')
    case 'model under way':
      return capabilities.reload.includes('model')
    case 'prompt':
      return !unsupported.includes('persona')
    case 'trigger':
      return !unsupported.includes('trigger')
    default:
      return capabilities[ability]
  }
}

const begin = '<!-- from the capabilities of the providers; `npm run capabilities` writes it -->'
const end = '<!-- end -->'

/** The table, one provider a line. */
export function capabilityTable(providers: readonly Provider[]): string {
  const head = ['', 'program', 'tried with', ...abilities]
  const lines = providers.map((provider) => [
    `[\`${provider.name}\`](#${provider.name})`,
    provider.title,
    triedWith(provider),
    ...abilities.map((ability) => (canDo(provider, ability) ? 'yes' : '–')),
  ])
  return [head, head.map(() => '---'), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function triedWith({ tested }: Provider): string {
  if (!tested) {
    return ''
  }
  return tested.from === tested.to ? tested.from : `${tested.from} to ${tested.to}`
}

/** The document with the table in its place. Throws when it has none. */
export function withCapabilityTable(document: string, providers: readonly Provider[]): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) {
    throw new Error('There is no place for the table of capabilities.')
  }
  const table = capabilityTable(providers)
  return `${document.slice(0, from + begin.length)}\n\n${table}\n\n${document.slice(to)}`
}

/** Lines of a table with as much white space as any formatter may give them. */
export function plainTable(text: string): string {
  return text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---')
}
