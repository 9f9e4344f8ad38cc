import type { Command } from 'commander'
import path from 'node:path'
import type { RunRequestInput } from '../schema/requests.ts'
import type { CommonOptions } from './invocation.ts'
import { collectEnvironment, collectOptions } from './option-values.ts'

/** What an agent is made from, beside its template and its program. */
export interface SpecOptions {
  in?: string
  dir?: string
  model?: string
  persona?: string
  trigger?: string
  env?: Record<string, string>
  option?: Record<string, unknown>
  ephemeral?: boolean
}

export interface RunOptions extends SpecOptions, CommonOptions {
  name?: string
  requestId?: string
  wait?: boolean
  timeout: number
}

/** Declares them. */
export function addSpecOptions(command: Command): Command {
  return command
    .option('--in <runtime>', 'where it runs')
    .option('--dir <folder>', 'folder it works in (default: the current one)')
    .option('--model <model>', 'model, as the provider names it')
    .option('--env <name=value>', 'environment; may be given many times', collectEnvironment)
    .option(
      '--option <name=value>',
      "provider's own option; may be given many times",
      collectOptions,
    )
    .option('--persona <text>', 'who it is')
    .option('--trigger <word>', 'answer only messages that hold this word')
    .option('--ephemeral', 'it lives for its first message, and goes when that is done')
}

/** The request that a line of `drover run` asks for. */
export function createRunRequest(
  options: Omit<RunOptions, 'timeout'>,
  given: GivenSpec & { prompt: string | null },
): RunRequestInput {
  const { name, requestId } = options
  return {
    ...createSpecRequest(options, given),
    ...(given.prompt === null ? {} : { prompt: given.prompt }),
    ...(name === undefined ? {} : { name }),
    ...(requestId === undefined ? {} : { requestId }),
  }
}

export interface GivenSpec {
  template: string
  program: readonly string[] | null
  cwd: string
}

/**
 * The part of a request that says what an agent is made from. The folder is the current one when
 * neither it nor the template names one.
 */
export function createSpecRequest(
  { in: runtime, dir, model, persona, trigger, env, option, ephemeral }: SpecOptions,
  { template, program, cwd }: GivenSpec,
): Omit<RunRequestInput, 'name' | 'prompt' | 'requestId'> & { template: string } {
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
    ...(ephemeral ? { ephemeral } : {}),
  }
}
