import { Option, type Command } from 'commander'
import path from 'node:path'
import { DroverError } from '../schema/error.ts'
import type { RunRequestInput } from '../schema/requests.ts'
import {
  addApprovalOptions,
  createApprovalRequest,
  type ApprovalOptions,
} from './approval-options.ts'
import {
  addIdentityOptions,
  addPlaceOptions,
  addProgramOptions,
  addPromptOptions,
  createAgentRequest,
  type AgentOptions,
} from './agent-options.ts'
import {
  addContainerOptions,
  createContainerRequest,
  type ContainerOptions,
} from './container-options.ts'
import type { CommonOptions } from './invocation.ts'
import {
  addLifecycleOptions,
  createLifecycleRequest,
  type LifecycleOptions,
} from './lifecycle-options.ts'
import {
  collectEnvironment,
  collectOptions,
  collectTexts,
  countParser,
  parseCpus,
  parseSize,
} from './option-values.ts'

/** What an agent is made from, beside its template and its program. */
export interface SpecOptions
  extends LifecycleOptions, AgentOptions, ApprovalOptions, ContainerOptions {
  in?: string
  dir?: string
  model?: string
  persona?: string
  trigger?: string
  env?: Record<string, string>
  option?: Record<string, unknown>
  memory?: number
  cpus?: number
  pids?: number
  disk?: number
  network?: 'full' | 'local' | 'none'
  allow?: string[]
}

export interface RunOptions extends SpecOptions, CommonOptions {
  name?: string
  requestId?: string
  resume?: string
  continue?: boolean
  wait?: boolean
  timeout: number
}

/** Declares them, in groups. */
export function addSpecOptions(command: Command): Command {
  addIdentityOptions(command)
    .optionsGroup('What runs:')
    .option('--model <model>', 'model, as the provider names it')
  addProgramOptions(command)
    .option('--env <name=value>', 'environment; may be given many times', collectEnvironment)
    .option(
      '--option <name=value>',
      "provider's own option; may be given many times",
      collectOptions,
    )
    .optionsGroup('What it is told:')
    .option('--persona <text>', 'who it is')
  addPromptOptions(command)
    .option('--trigger <word>', 'answer only messages that hold this word')
    .optionsGroup('Where it works:')
    .option('--in <runtime>', 'where it runs')
    .option('--dir <folder>', 'folder it works in (default: the current one)')
  addContainerOptions(addPlaceOptions(command))
    .optionsGroup('What it may use:')
    .option('--memory <size>', 'memory it may use at most: 512m, 1.5g', parseSize)
    .option('--cpus <number>', 'processors it may use at most: 2, 0.5', parseCpus)
    .option('--pids <count>', 'processes and threads it may have at most', countParser('pids'))
    .option('--disk <size>', 'what a container of its own may write beside its folders', parseSize)
    .addOption(
      new Option(
        '--network <policy>',
        'what it may reach; local: only models and Drover (default: full)',
      ).choices(['full', 'local', 'none']),
    )
    .option(
      '--allow <host>',
      'as local, and this host: NAME, *.NAME, IP, with :PORT or not; may be given many times',
      collectTexts,
    )
    .optionsGroup('When it wakes, sleeps and ends:')
  return addApprovalOptions(addLifecycleOptions(command))
}

/** As a template: the agent of this folder. */
const ownFolder = '.'

export interface GivenSpec {
  template: string
  program: readonly string[] | null
  cwd: string
}

/** The request that a line of `drover run` asks for; a template left out, or `.`, is the agent of the folder. */
export function createRunRequest(
  options: RunOptions,
  given: Omit<GivenSpec, 'template'> & { template: string | undefined; prompt: string | null },
): RunRequestInput {
  const { name, requestId } = options
  const { template = ownFolder, prompt } = given
  const { template: named, ...spec } = createSpecRequest(options, { ...given, template })
  return {
    ...(named === ownFolder ? {} : { template: named }),
    ...spec,
    ...(prompt === null ? {} : { prompt }),
    ...(name === undefined ? {} : { name }),
    ...(requestId === undefined ? {} : { requestId }),
    ...resumeOf(options),
  }
}

/**
 * The part of a request that says what an agent is made from. The folder is the current one when
 * neither it nor the template names one.
 */
export function createSpecRequest(
  options: SpecOptions,
  { template, program, cwd }: GivenSpec,
): Omit<RunRequestInput, 'name' | 'prompt' | 'requestId'> & { template: string } {
  const { in: runtime, dir, model, persona, trigger, env, option } = options
  return {
    template,
    ...(dir === undefined ? { defaultDir: cwd } : { dir: path.resolve(cwd, dir) }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(model === undefined ? {} : { model }),
    ...(persona === undefined ? {} : { persona }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(env === undefined ? {} : { env }),
    ...(option === undefined ? {} : { options: option }),
    ...(program === null ? {} : { program: [...program] }),
    ...limitsOf(options),
    ...createContainerRequest(options, cwd),
    ...networkOf(options),
    ...createAgentRequest(options, cwd),
    ...createLifecycleRequest(options),
    ...createApprovalRequest(options),
  }
}

/** A session that its program has already. Errors: `usage` where two were asked for. */
function resumeOf({ resume, continue: isContinued }: RunOptions): Pick<RunRequestInput, 'resume'> {
  if (resume !== undefined && isContinued) {
    throw new DroverError('usage', '--continue: is one session, and --resume names another.', {
      details: { field: 'continue' },
    })
  }
  if (resume !== undefined) {
    return { resume: { mode: 'resume', session: resume } }
  }
  return isContinued ? { resume: { mode: 'continue' } } : {}
}

function limitsOf({ memory, cpus, pids, disk }: SpecOptions): Pick<RunRequestInput, 'limits'> {
  const limits = {
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(pids === undefined ? {} : { pids }),
    ...(disk === undefined ? {} : { diskBytes: disk }),
  }
  return Object.keys(limits).length > 0 ? { limits } : {}
}

/** Errors: `usage` where a policy was named beside hosts. */
function networkOf({ network, allow }: SpecOptions): Pick<RunRequestInput, 'network'> {
  if (network !== undefined && allow !== undefined) {
    throw new DroverError('usage', `--allow: is a policy of its own; leave out --network.`, {
      details: { field: 'allow' },
    })
  }
  const wanted = allow === undefined ? network : { allow }
  return wanted === undefined ? {} : { network: wanted }
}
