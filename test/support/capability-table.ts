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
export function canDo(
  { capabilities, unsupported }: Pick<Provider, 'capabilities' | 'unsupported'>,
  ability: Ability,
): boolean {
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
const beginAtTerminal = '<!-- the same, at a terminal -->'
const end = '<!-- end -->'

/** What of it a terminal can change. */
const abilitiesAtTerminal: readonly Ability[] = [
  'events',
  'resume',
  'interrupt',
  'steer',
  'questions',
  'cost',
  'model under way',
]

/** The same of those that can be used at a terminal, there. */
export function terminalTable(providers: readonly Provider[]): string {
  const head = ['', ...abilitiesAtTerminal]
  const lines = providers.flatMap(({ name, unsupported, terminal }) =>
    terminal
      ? [
          [
            `[\`${name}\`](#${name})`,
            ...abilitiesAtTerminal.map((ability) =>
              yesOrNo(canDo({ capabilities: terminal.capabilities, unsupported }, ability)),
            ),
          ],
        ]
      : [],
  )
  return tableOf([head, head.map(() => '---'), ...lines])
}

function yesOrNo(can: boolean): string {
  return can ? 'yes' : '–'
}

function tableOf(lines: readonly (readonly string[])[]): string {
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The table, one provider a line. */
export function capabilityTable(providers: readonly Provider[]): string {
  const head = ['', 'program', 'tried with', ...abilities]
  const lines = providers.map((provider) => [
    `[\`${provider.name}\`](#${provider.name})`,
    provider.title,
    triedWith(provider),
    ...abilities.map((ability) => yesOrNo(canDo(provider, ability))),
  ])
  return tableOf([head, head.map(() => '---'), ...lines])
}

function triedWith({ tested }: Provider): string {
  if (!tested) {
    return ''
  }
  return tested.from === tested.to ? tested.from : `${tested.from} to ${tested.to}`
}

/** The document with the tables in their places. Throws when it has no place for one. */
export function withCapabilityTable(document: string, providers: readonly Provider[]): string {
  const first = withTable(document, begin, capabilityTable(providers))
  return withTable(first, beginAtTerminal, terminalTable(providers))
}

function withTable(document: string, mark: string, table: string): string {
  const from = document.indexOf(mark)
  const to = document.indexOf(end, from)
  if (from < 0 || to < from) {
    throw new Error(`There is no place for the table behind ${mark}.`)
  }
  return `${document.slice(0, from + mark.length)}\n\n${table}\n\n${document.slice(to)}`
}

/** Lines of a table with as much white space as any formatter may give them. */
export function plainTable(text: string): string {
  return text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---')
}
