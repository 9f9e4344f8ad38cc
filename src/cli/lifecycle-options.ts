import { Option, type Command } from 'commander'
import type { RunRequestInput } from '../schema/requests.ts'
import type { RestartPolicy, RestPolicy } from '../schema/lifecycle.ts'
import { amountParser, countParser, durationParser } from './option-values.ts'

const policies: readonly RestartPolicy[] = ['never', 'on-failure', 'always']
const rests: readonly RestPolicy[] = ['sleep', 'suspend']

/** What an agent is told of when to come up, when to sleep and when to give up. Times are ms. */
export interface LifecycleOptions {
  idle?: number
  maxAge?: number
  bootTimeout?: number
  readyTimeout?: number
  wedged?: number
  attached?: number
  rest?: RestPolicy
  suspended?: number
  restart?: RestartPolicy
  /** `--no-parking` makes it false. */
  parking: boolean
  tries?: number
  budgetUsd?: number
  budgetTokens?: number
  initialPrompt?: string
  ephemeral?: boolean
}

/** Declares them. */
export function addLifecycleOptions(command: Command): Command {
  return command
    .option(
      '--idle <time>',
      'quiet for this long, it falls asleep; 0: never',
      durationParser('idle'),
    )
    .option(
      '--max-age <time>',
      'a run older than this ends when its turn is over; 0: never',
      durationParser('max-age'),
    )
    .option(
      '--boot-timeout <time>',
      'how long its program may take to come up',
      durationParser('boot-timeout'),
    )
    .option(
      '--ready-timeout <time>',
      'how long it may take to begin with its first message; 0: for ever',
      durationParser('ready-timeout'),
    )
    .option(
      '--wedged <time>',
      'a turn without output and without work for this long is ended; 0: never',
      durationParser('wedged'),
    )
    .option(
      '--attached <time>',
      'who did nothing at its terminal for this long keeps it awake no more; 0: for ever',
      durationParser('attached'),
    )
    .addOption(
      new Option(
        '--rest <way>',
        'how it falls asleep: its run ends, or its program is kept as it is',
      ).choices(rests),
    )
    .option(
      '--suspended <time>',
      'suspended for this long, its run is ended; 0: never',
      durationParser('suspended'),
    )
    .addOption(
      new Option(
        '--restart <policy>',
        'whether it comes back by itself when its program ends',
      ).choices(policies),
    )
    .option('--no-parking', 'do not sleep until a rate limit is over')
    .option(
      '--tries <count>',
      'how often a message is given to it until it is dead',
      countParser('tries'),
    )
    .option('--budget-usd <amount>', 'what it may spend over its life', amountParser('budget-usd'))
    .option(
      '--budget-tokens <count>',
      'tokens it may use over its life',
      countParser('budget-tokens'),
    )
    .option('--initial-prompt <text>', 'what each fresh session is told first')
    .option('--ephemeral', 'it lives for its first message, and goes when that is done')
}

/** The part of a request that they ask for. */
export function createLifecycleRequest(
  options: LifecycleOptions,
): Pick<RunRequestInput, 'lifecycle' | 'budget' | 'initialPrompt' | 'ephemeral'> {
  const { initialPrompt, ephemeral } = options
  const lifecycle = withoutAbsent({
    idleMs: options.idle,
    maxAgeMs: options.maxAge,
    bootMs: options.bootTimeout,
    readyMs: options.readyTimeout,
    wedgedMs: options.wedged,
    attachedMs: options.attached,
    rest: options.rest,
    suspendedMs: options.suspended,
    restart: options.restart,
    parking: options.parking ? undefined : false,
    tries: options.tries,
  })
  const budget = withoutAbsent({ usd: options.budgetUsd, tokens: options.budgetTokens })
  return {
    ...(Object.keys(lifecycle).length > 0 ? { lifecycle } : {}),
    ...(Object.keys(budget).length > 0 ? { budget } : {}),
    ...(initialPrompt === undefined ? {} : { initialPrompt }),
    ...(ephemeral ? { ephemeral } : {}),
  }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function withoutAbsent<T extends object>(object: T): Present<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Present<T>
}
