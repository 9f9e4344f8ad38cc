import type { ScheduleRequestInput } from '../schema/schedule.ts'
import { DroverError } from '../schema/error.ts'
import type { CommonOptions } from './invocation.ts'
import { agentOptionNames } from './agent-options.ts'
import { createSpecRequest, type SpecOptions } from './run-request.ts'

export interface AddOptions extends CommonOptions, SpecOptions {
  to?: string
  template?: string
  timeZone?: string
  missed?: 'skip' | 'once'
}

/** What belongs to an agent that is made, not to one that is there. */
const specOptions = [
  'in',
  'dir',
  'model',
  'persona',
  'trigger',
  'env',
  'option',
  'ephemeral',
  ...agentOptionNames,
  'policy',
] as const

/** The request that a line of `drover schedule add` asks for. Errors: `usage`, naming the option. */
export function createScheduleRequest(
  options: AddOptions,
  given: {
    name: string
    cron: string
    body: string
    program: readonly string[] | null
    cwd: string
  },
): ScheduleRequestInput {
  const { name, cron, body, program, cwd } = given
  const { timeZone, missed } = options
  return {
    name,
    cron,
    body,
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(missed === undefined ? {} : { missed }),
    ...targetOf(options, program, cwd),
  }
}

function targetOf(
  options: AddOptions,
  program: readonly string[] | null,
  cwd: string,
): Pick<ScheduleRequestInput, 'agent' | 'run'> {
  const { to, template } = options
  if (template !== undefined && to === undefined) {
    return { run: createSpecRequest(options, { template, program, cwd }) }
  }
  if (to === undefined || template !== undefined) {
    throw usage('to', 'give --to AGENT, or --template TEMPLATE for a fresh agent each time')
  }
  const stray = specOptions.find((name) => options[name] !== undefined)
  if (stray !== undefined) {
    throw usage(stray, `goes with --template; ${to} has its own`)
  }
  if (program !== null) {
    throw usage('template', `a program after "--" goes with --template; ${to} has its own`)
  }
  return { agent: to }
}

function usage(option: string, problem: string): DroverError {
  return new DroverError('usage', `--${kebab(option)}: ${problem}.`, { details: { field: option } })
}

/** The option's name as it is typed. */
function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
