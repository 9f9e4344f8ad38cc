import type { Command } from 'commander'
import { isUnreachable } from '../client/resuming-stream.ts'
import type { DoctorReport, Usability } from '../schema/reports.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { withSpinner } from './spinner.ts'

export function doctorCommand(invocation: Invocation): Command {
  const { context, output } = invocation
  return createCommand('doctor', context)
    .description(
      'Say which providers, runtimes and models are usable here, and how to get the rest.',
    )
    .action(async ({ json }: CommonOptions) => {
      const report = await withSpinner(context, 'looking around', examine(invocation))
      await (json ? output.json(report) : output.lines(formatReport(report, output)))
    })
}

/** The daemon sees what its agents will see; without one this process looks for itself. */
async function examine({ client, context }: Invocation): Promise<DoctorReport> {
  try {
    return await client.doctor()
  } catch (error) {
    if (!isUnreachable(error)) {
      throw error
    }
    const { home, env, version } = context
    return context.localDoctor({ home, env, version })
  }
}

const titles: readonly (readonly [Usability['kind'], string])[] = [
  ['provider', 'Providers: what runs'],
  ['runtime', 'Runtimes: where it runs'],
  ['model', 'Models'],
  ['system', 'This machine'],
]

function formatReport({ version, checks }: DoctorReport, { colors, isTerminal }: Output): string[] {
  const width = checks.reduce((widest, { name }) => Math.max(widest, name.length), 0)
  const mark = (usable: boolean): string => {
    const word = isTerminal ? (usable ? '✓' : '✗') : usable ? 'yes' : 'no '
    return usable ? colors.green(word) : colors.red(word)
  }
  const formatCheck = ({ name, usable, detail, hint }: Usability): string[] => [
    `  ${mark(usable)} ${colors.bold(name.padEnd(width))}  ${oneLine(detail)}`,
    ...(hint ? [colors.dim(`    ${' '.repeat(width)}  → ${oneLine(hint)}`)] : []),
  ]
  return [
    `${colors.bold('Drover')} ${version}`,
    ...titles.flatMap(([kind, title]) => {
      const found = checks.filter((check) => check.kind === kind)
      return found.length > 0 ? ['', colors.dim(title), ...found.flatMap(formatCheck)] : []
    }),
  ]
}
