import path from 'node:path'
import type { RunRequestInput } from '../schema/requests.ts'
import type { CommonOptions } from './invocation.ts'
import { createLifecycleRequest, type LifecycleOptions } from './lifecycle-options.ts'

export interface RunOptions extends LifecycleOptions, CommonOptions {
  name?: string
  in?: string
  dir?: string
  model?: string
  persona?: string
  trigger?: string
  env?: Record<string, string>
  option?: Record<string, unknown>
  requestId?: string
  wait?: boolean
  timeout: number
}

/** As a template: the agent of this folder. */
const ownFolder = '.'

/** The request that a line of `drover run` asks for. The folder is the current one when neither it nor the template names one. */
export function createRunRequest(
  options: RunOptions,
  given: {
    /** Left out, or `.`: the agent of the folder. */
    template: string | undefined
    prompt: string | null
    program: readonly string[] | null
    cwd: string
  },
): RunRequestInput {
  const { name, model, persona, trigger, env, option, requestId } = options
  const { template } = given
  return {
    ...(template === undefined || template === ownFolder ? {} : { template }),
    ...(options.dir === undefined
      ? { defaultDir: given.cwd }
      : { dir: path.resolve(given.cwd, options.dir) }),
    ...(given.prompt === null ? {} : { prompt: given.prompt }),
    ...(name === undefined ? {} : { name }),
    ...(options.in === undefined ? {} : { runtime: options.in }),
    ...(model === undefined ? {} : { model }),
    ...(persona === undefined ? {} : { persona }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(env === undefined ? {} : { env }),
    ...(option === undefined ? {} : { options: option }),
    ...(given.program === null ? {} : { program: [...given.program] }),
    ...createLifecycleRequest(options),
    ...(requestId === undefined ? {} : { requestId }),
  }
}
