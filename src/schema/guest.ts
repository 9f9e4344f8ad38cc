import { z } from 'zod'
import { limits } from './limits.ts'
import { TerminalSize } from './terminal.ts'

const { ttlMs } = limits.guest
const Text = z.string().refine((text) => !text.includes('\0'), 'contains NUL')

/** Body of `POST /v1/agents/{name}/guests`: a terminal beside an agent. */
export const GuestRequest = z.strictObject({
  /** Program and arguments; empty: the person's shell. */
  program: z.array(Text).max(limits.programArguments).default([]),
  /** Folder inside the one that the agent works in, relative to that; left out: that one. */
  dir: Text.min(1, 'is empty').optional(),
  /** How long it lives, ms. */
  ttlMs: z
    .number()
    .int()
    .min(ttlMs.min, 'is less than a minute')
    .max(ttlMs.max, 'is more than 4 hours')
    .default(ttlMs.usual),
  cols: TerminalSize.shape.cols.default(80),
  rows: TerminalSize.shape.rows.default(24),
})
export type GuestRequest = z.infer<typeof GuestRequest>
export type GuestRequestInput = z.input<typeof GuestRequest>

/** `unknown`: its runtime can't be asked. One that has ended is there no more. */
export const GuestState = z.enum(['starting', 'running', 'unknown', 'ending'])
export type GuestState = z.infer<typeof GuestState>

/** A terminal beside an agent, in its folder and environment. */
export const Guest = z.object({
  id: z.string(),
  /** Name of the agent whose guest it is. */
  agent: z.string(),
  state: GuestState,
  /** Why it is to end; null: it is not. */
  cause: z.string().nullable(),
  program: z.array(z.string()),
  /** Absolute. */
  dir: z.string(),
  runtime: z.string(),
  /** Unix ms. */
  createdAt: z.number().int(),
  /** It is ended then, Unix ms. */
  expiresAt: z.number().int(),
})
export type Guest = z.infer<typeof Guest>

export const GuestParams = z.object({ id: z.string().min(1).max(100) })

export const GuestsQuery = z.object({
  /** Only those of the agent of this name. */
  agent: z.string().optional(),
})
