import { z } from 'zod'
import { lifecycleDefaults as defaults } from './lifecycle-defaults.ts'

const day = 86_400_000
const duration = (mostMs: number): z.ZodNumber =>
  z
    .number()
    .int('is no whole number of milliseconds')
    .min(0, 'is less than 0')
    .max(mostMs, `is longer than ${mostMs / day} ${mostMs === day ? 'day' : 'days'}`)

/** Whether an agent whose program ended comes back by itself. */
export const RestartPolicy = z.enum(['never', 'on-failure', 'always'])
export type RestartPolicy = z.infer<typeof RestartPolicy>

/**
 * How an agent falls asleep: `sleep` ends its run, `suspend` keeps its program as it is, where its
 * runtime can.
 */
export const RestPolicy = z.enum(['sleep', 'suspend'])
export type RestPolicy = z.infer<typeof RestPolicy>

/** When an agent comes up, goes to sleep, is given up and comes back. Times are milliseconds. */
export const Lifecycle = z.strictObject({
  /** Quiet for this long between turns, it falls asleep; 0: never. */
  idleMs: duration(365 * day).default(defaults.idleMs),
  /** A run older than this ends at the next turn boundary; 0: never. */
  maxAgeMs: duration(365 * day).default(defaults.maxAgeMs),
  /** How long bringing its program up may take. */
  bootMs: duration(day).min(100, 'is shorter than 100 ms').default(defaults.bootMs),
  /** How long its program may take to begin its first turn once it has a message; 0: for ever. */
  readyMs: duration(day).default(defaults.readyMs),
  /** A turn without a byte of output and without work for this long is ended; 0: never. */
  wedgedMs: duration(30 * day).default(defaults.wedgedMs),
  /** Somebody at its terminal who did nothing there for this long keeps it awake no more; 0: for ever. */
  attachedMs: duration(365 * day).default(defaults.attachedMs),
  rest: RestPolicy.default(defaults.rest),
  /** Suspended for this long, its run is ended, and what it holds is given back; 0: never. */
  suspendedMs: duration(365 * day).default(defaults.suspendedMs),
  restart: RestartPolicy.default(defaults.restart),
  /** Sleep until a rate limit is over, where its end is known. */
  parking: z.boolean().default(defaults.parking),
  /** How often a message is given to a program that does not take it, until it is dead. */
  tries: z
    .number()
    .int()
    .min(1, 'is less than 1')
    .max(100, 'is more than 100')
    .default(defaults.tries),
})
export type Lifecycle = z.infer<typeof Lifecycle>

/** What a template or a request says of it; the rest is default. */
export const LifecycleWish = z.strictObject({
  idleMs: Lifecycle.shape.idleMs.unwrap().optional(),
  maxAgeMs: Lifecycle.shape.maxAgeMs.unwrap().optional(),
  bootMs: Lifecycle.shape.bootMs.unwrap().optional(),
  readyMs: Lifecycle.shape.readyMs.unwrap().optional(),
  wedgedMs: Lifecycle.shape.wedgedMs.unwrap().optional(),
  attachedMs: Lifecycle.shape.attachedMs.unwrap().optional(),
  rest: RestPolicy.optional(),
  suspendedMs: Lifecycle.shape.suspendedMs.unwrap().optional(),
  restart: RestartPolicy.optional(),
  parking: z.boolean().optional(),
  tries: Lifecycle.shape.tries.unwrap().optional(),
})
export type LifecycleWish = z.infer<typeof LifecycleWish>

/** What an agent may spend over its life; it is refused new messages once it has. */
export const Budget = z.strictObject({
  /** US dollars. */
  usd: z.number().positive().optional(),
  /** Input and output tokens together. */
  tokens: z.number().int().positive().optional(),
})
export type Budget = z.infer<typeof Budget>
