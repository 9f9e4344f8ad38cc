import { DroverError } from '../../schema/error.ts'

/**
 * The agent's own arguments for a program. Those that Drover gives it itself are refused by name, and
 * so is a first word that would be taken for a command. Errors: `invalid_request`.
 */
export function extraArguments(args: readonly string[], own: readonly string[]): readonly string[] {
  const [first = '-'] = args
  const taken = args.map((arg) => arg.split('=', 1)[0] ?? '').find((flag) => own.includes(flag))
  const problem = taken ? `${taken} is set by Drover` : `${JSON.stringify(first)} is no option`
  if (taken !== undefined || !first.startsWith('-')) {
    throw new DroverError('invalid_request', `args: ${problem}.`, { details: { field: 'args' } })
  }
  return args
}
