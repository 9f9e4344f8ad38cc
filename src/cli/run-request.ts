import path from 'node:path'
import type { RunRequestInput } from '../schema/requests.ts'
import type { CommonOptions } from './invocation.ts'

export interface RunOptions extends CommonOptions {
  name?: string
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
  requestId?: string
  wait?: boolean
  timeout: number
}

/** The request that a line of `drover run` asks for. The folder is the current one when neither it nor the template names one. */
export function createRunRequest(
  options: RunOptions,
  given: {
    template: string
    prompt: string | null
    program: readonly string[] | null
    cwd: string
  },
): RunRequestInput {
  const { name, model, persona, trigger, env, option, requestId } = options
  return {
    template: given.template,
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
    ...limitsOf(options),
    ...(requestId === undefined ? {} : { requestId }),
  }
}

function limitsOf({ memory, cpus, pids }: RunOptions): Pick<RunRequestInput, 'limits'> {
  const limits = {
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(pids === undefined ? {} : { pids }),
  }
  return Object.keys(limits).length > 0 ? { limits } : {}
}
