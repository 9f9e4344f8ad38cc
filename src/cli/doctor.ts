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

/** Aligned lines: what is usable, where, and below it what to know or to do. */
export function formatReport(
  { version, checks }: DoctorReport,
  { colors, isTerminal }: Pick<Output, 'colors' | 'isTerminal'>,
): string[] {
  const width = checks.reduce((widest, { name }) => Math.max(widest, name.length), 0)
  const mark = (usable: boolean): string => {
    const word = isTerminal ? (usable ? '✓' : '✗') : usable ? 'yes' : 'no '
    return usable ? colors.green(word) : colors.red(word)
  }
  const below = `${' '.repeat(width)}${isTerminal ? '' : '  '}`
  const formatCheck = (check: Usability): string[] => [
    `  ${mark(check.usable)} ${colors.bold(check.name.padEnd(width))}  ${oneLine(finding(check))}`,
    ...(check.warning ? [colors.yellow(`    ${below}  ! ${oneLine(check.warning)}`)] : []),
    ...(check.hint ? [colors.dim(`    ${below}  → ${oneLine(check.hint)}`)] : []),
  ]
  return [
    `${colors.bold('Drover')} ${version}`,
    ...titles.flatMap(([kind, title]) => {
      const found = checks.filter((check) => check.kind === kind)
      return found.length > 0 ? ['', colors.dim(title), ...found.flatMap(formatCheck)] : []
    }),
  ]
}

/** Version and login of a program, then where it is. A daemon of before tells neither. */
function finding({ version, login, usable, detail }: Usability): string {
  const isProgram = usable && version !== null && version !== undefined
  const parts = [
    isProgram ? version : null,
    isProgram && login === 'yes' ? 'logged in' : null,
    usable && login === 'no' ? 'not logged in' : null,
    detail,
  ]
  return parts.filter((part) => part !== null).join(', ')
}
