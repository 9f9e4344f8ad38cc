import type { Command } from 'commander'
import type { TemplateSummary } from '../schema/template.ts'
import { createCommand, createGroup, type CommonOptions, type Invocation } from './invocation.ts'
import { oneLine, plainText } from './plain-text.ts'
import { formatTable, type Column } from './table.ts'

export function templateCommand({ context, client, output }: Invocation): Command {
  const { colors, width } = output
  const columns: Column<TemplateSummary>[] = [
    { title: 'NAME', cell: ({ name }) => name, paint: colors.bold },
    { title: 'PROVIDER', cell: ({ provider }) => provider ?? '' },
    { title: 'FROM', cell: ({ source }) => source, paint: colors.dim },
    {
      title: 'DESCRIPTION',
      cell: ({ description, problem }) => oneLine(problem ?? description),
      paint: (text, { problem }) => (problem ? colors.red(text) : text),
      shrinkTo: 20,
    },
  ]
  const list = createCommand('ls', context)
    .description('List templates and providers.')
    .action(async ({ json }: CommonOptions) => {
      const templates = await client.templates()
      await (json
        ? output.json(templates)
        : output.lines(formatTable(columns, templates, { width, paintTitle: colors.dim })))
    })
  const show = createCommand('show', context)
    .description('Print a template.')
    .argument('<template>', 'template')
    .action(async (name: string, { json }: CommonOptions) => {
      const detail = await client.template(name)
      if (json) {
        return output.json(detail)
      }
      if (output.isTerminal) {
        const path = detail.path ? `: ${oneLine(detail.path)}` : ''
        output.note(colors.dim(`# ${detail.source}${path}`))
      }
      await output.line((output.isTerminal ? plainText(detail.text) : detail.text).trimEnd())
    })
  return createGroup('template', context)
    .description('Templates: reusable specs from which agents are made.')
    .addCommand(list)
    .addCommand(show)
}
