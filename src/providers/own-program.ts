import { DroverError } from '../schema/error.ts'
import type { LaunchRequest } from './contract.ts'
import { locateProgram } from './locate-program.ts'

/**
 * argv of a program that the caller gave after `--`, its file absolute. Errors: `invalid_request`
 * where none was given, `program_not_found`; both name the field.
 */
export function ownProgram({
  spec,
  env,
  isElsewhere,
}: Pick<LaunchRequest, 'spec' | 'env' | 'isElsewhere'>): [string, ...string[]] {
  const [program, ...rest] = spec.program
  if (program === undefined || program === '') {
    throw new DroverError(
      'invalid_request',
      `program: the ${spec.provider} provider needs a program after "--".`,
      { details: { field: 'program' } },
    )
  }
  const file = locateProgram({ name: program, folder: spec.dir }, { env, isElsewhere })
  if (!file) {
    throw new DroverError(
      'program_not_found',
      `program: there is no executable ${JSON.stringify(program)}.`,
      { details: { field: 'program', program } },
    )
  }
  return [file, ...rest]
}
