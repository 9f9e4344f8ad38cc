import type { Command } from 'commander'
import { DroverError } from '../schema/error.ts'
import type { RunnerFinding, RunnerReport } from '../schema/reports.ts'
import { withInterrupt } from './interrupt.ts'
import { createCommand, createGroup, type CommonOptions, type Invocation } from './invocation.ts'
import { collectEnvironment, durationParser } from './option-values.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { startSpinner } from './spinner.ts'

/** Long enough for a model that thinks, ms. */
const defaultDeadlineMs = 60_000

export function runnerCommand(invocation: Invocation): Command {
  return createGroup('runner', invocation.context)
    .enablePositionalOptions()
    .description('Runners: agent programs of your own, on the ndjson provider.')
    .addCommand(checkCommand(invocation))
}

interface CheckOptions extends CommonOptions {
  prompt: string
  timeout?: number
  env?: Record<string, string>
}

function checkCommand(invocation: Invocation): Command {
  return createCommand('check', invocation.context)
    .passThroughOptions()
    .description(
      'Start an agent program, put it through the runner protocol, and say what is right, what is ' +
        'wrong, and how to mend it. It is started up to three times; nothing of it is left running.',
    )
    .usage('[options] <program> [arguments...]')
    .argument('[program...]', 'the program with its arguments; also after --')
    .option('--prompt <text>', 'what it is asked', 'Say hello, in one short line.')
    .option(
      '--timeout <time>',
      'how long a turn may take (default: 60s)',
      durationParser('timeout'),
    )
    .option(
      '--env <name=value>',
      'environment of its own, as with `drover run`',
      collectEnvironment,
    )
    .action(async (given: string[], options: CheckOptions) => {
      const program = [...given, ...(invocation.program ?? [])]
      if (program.length === 0) {
        throw new DroverError('usage', 'runner check: needs a program.')
      }
      const { isRight } = await check(invocation, program, options)
      invocation.exitCode = isRight ? 0 : 1
    })
}

async function check(
  { context, output }: Invocation,
  program: readonly string[],
  { json = false, prompt, timeout = defaultDeadlineMs, env = {} }: CheckOptions,
): Promise<RunnerReport> {
  const spinner = startSpinner(context, 'starting it')
  try {
    const report = await withInterrupt(
      () => 'left the check; the program was ended',
      async (signal) =>
        await context.checkRunner({
          program,
          dir: context.cwd,
          host: context.env,
          env,
          prompt,
          deadlineMs: timeout,
          signal,
          say: (text) => spinner.say(text),
          report(finding) {
            if (!json) {
              spinner.clear()
              void output.lines(formatFinding(finding, output))
            }
          },
        }),
    )
    spinner.stop()
    await (json ? output.json(report) : output.line(formatSum(report, output)))
    return report
  } finally {
    spinner.stop()
  }
}

const nameWidth = 14

function formatFinding(
  { check: name, verdict, detail, hint }: RunnerFinding,
  { colors, isTerminal }: Output,
): string[] {
  const marks = {
    right: colors.green(isTerminal ? '✓' : 'yes '),
    wrong: colors.red(isTerminal ? '✗' : 'no  '),
    note: colors.yellow(isTerminal ? '!' : 'note'),
  }
  return [
    `${marks[verdict]} ${colors.bold(name.padEnd(nameWidth))} ${oneLine(detail)}`,
    ...(hint
      ? [colors.dim(`${' '.repeat(isTerminal ? 2 : 5)}${' '.repeat(nameWidth)} → ${oneLine(hint)}`)]
      : []),
  ]
}

function formatSum({ findings }: RunnerReport, { colors }: Output): string {
  const count = (verdict: RunnerFinding['verdict']): number =>
    findings.filter((finding) => finding.verdict === verdict).length
  const [isRight, isWrong, notes] = [count('right'), count('wrong'), count('note')]
  const told = notes > 0 ? `, ${notes} to know` : ''
  const text = `${isRight} right, ${isWrong} wrong${told}`
  return isWrong > 0 ? colors.red(text) : colors.green(text)
}
