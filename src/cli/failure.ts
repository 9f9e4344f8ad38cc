import { DroverError, toProblem, type Problem } from '../schema/error.ts'
import { errorTable } from '../schema/error-table.ts'
import { isDiskFull } from '../util/disk-full.ts'
import { createColors, wantsColors } from './colors.ts'
import type { CliContext } from './context.ts'
import { Interrupted } from './interrupt.ts'
import { toJson } from './output.ts'
import { oneLine } from './plain-text.ts'

const interruptedExit = 130

/** Prints an error for people or, as problem JSON, for programs; gives the exit code. Never a stack trace. */
export function reportFailure(error: unknown, context: CliContext, isJson: boolean): number {
  const { stderr, env } = context
  if (error instanceof Interrupted) {
    stderr.write(`drover: ${error.message}\n`)
    return interruptedExit
  }
  const failure = toDroverError(error)
  const problem = toProblem(failure)
  if (isJson) {
    stderr.write(`${toJson(problem)}\n`)
  } else {
    const colors = createColors(wantsColors(stderr.isTTY === true, env))
    stderr.write(
      formatProblem(problem)
        .map((text, index) => (index > 0 ? colors.dim(text) : text))
        .join('\n') + '\n',
    )
  }
  return failure.row.exit
}

/** What is not ours becomes `internal`, or `disk_full` and the like where the system said so. */
export function toDroverError(error: unknown): DroverError {
  if (error instanceof DroverError) {
    return error
  }
  const message = error instanceof Error ? error.message : String(error)
  return isDiskFull(error)
    ? new DroverError('disk_full', `The home can't be written: ${message}.`, { cause: error })
    : new DroverError('internal', message, { cause: error })
}

/** Lines for people: what is wrong, then the way out. An absent daemon takes one line. */
export function formatProblem(problem: Problem): string[] {
  const message = `drover: ${oneLine(problem.detail)}`
  if (problem.code === 'daemon_unreachable') {
    return [`${message} ${errorTable.daemon_unreachable.hint}`]
  }
  return [message, `  ${oneLine(problem.hint)}`]
}
