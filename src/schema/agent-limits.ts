import { z } from 'zod'
import { parseByteSize } from './byte-size.ts'
import { limits } from './limits.ts'

const { memoryBytes, cpus, pids, diskBytes } = limits.agent

/** What an agent's runs may use at most. A limit that is left out is none. */
export const AgentLimits = z.strictObject({
  /** Memory, bytes. */
  memoryBytes: z
    .number('is not a number of bytes')
    .int('is not a whole number of bytes')
    .min(memoryBytes.min, 'is less than 4 MiB')
    .optional(),
  /** Processors' worth of time, in fractions if need be: 1.5 is one and a half. */
  cpus: z
    .number('is not a number')
    .min(cpus.min, `is less than ${cpus.min}`)
    .max(cpus.max, `is more than ${cpus.max}`)
    .optional(),
  /** Processes and threads at once. */
  pids: z
    .number('is not a number')
    .int('is not a whole number')
    .min(pids.min, `is less than ${pids.min}`)
    .max(pids.max, `is more than ${pids.max}`)
    .optional(),
  /** What it may write beside its mounted folders, bytes; only where a box of its own is. */
  diskBytes: z
    .number('is not a number of bytes')
    .int('is not a whole number of bytes')
    .min(diskBytes.min, 'is less than 16 MiB')
    .optional(),
})
export type AgentLimits = z.infer<typeof AgentLimits>

/** The limits of a template, written by hand: sizes may also be a text like `512m` or `1.5g`. */
export const WrittenLimits = AgentLimits.extend({
  memoryBytes: z.preprocess(parseSize, AgentLimits.shape.memoryBytes),
  diskBytes: z.preprocess(parseSize, AgentLimits.shape.diskBytes),
})

function parseSize(value: unknown): unknown {
  return typeof value === 'string' ? (parseByteSize(value) ?? value) : value
}

/** Whether any limit is set. */
export function hasLimits(wanted: AgentLimits): boolean {
  return Object.values(wanted).some((value) => value !== undefined)
}
