import { z } from 'zod'
import type { AgentStatus } from './agent.ts'
import type { Problem } from './error.ts'
import { limits } from './limits.ts'

const { min, max } = limits.terminal.characters
const characters = (what: string): z.ZodNumber =>
  z.number().int().min(min, `is less than ${min} ${what}`).max(max, `is more than ${max} ${what}`)

/** Of a terminal, in characters. */
export const TerminalSize = z.strictObject({
  cols: characters('columns'),
  rows: characters('rows'),
})
export type TerminalSize = z.infer<typeof TerminalSize>

/** How somebody comes to an agent's terminal. */
export const TerminalQuery = z.object({
  cols: z.coerce.number().pipe(TerminalSize.shape.cols).default(80),
  rows: z.coerce.number().pipe(TerminalSize.shape.rows).default(24),
  /** They look and can't type. */
  readOnly: z.stringbool().default(false),
  /** They were here before, and their connection was lost: nothing is woken for that. */
  back: z.stringbool().default(false),
  /** Instead of a token, for browsers. */
  ticket: z.string().max(200).optional(),
})
export type TerminalQuery = z.infer<typeof TerminalQuery>

/** Body of `POST /v1/agents/{name}/terminal/tickets`. */
export const TicketRequest = z.strictObject({
  /** Who comes by it looks and can't type. */
  readOnly: z.boolean().default(false),
})
export type TicketRequest = z.input<typeof TicketRequest>

/** A way to an agent's terminal for a browser: it opens once. */
export const TerminalTicket = z.object({
  ticket: z.string(),
  /** The page, with the ticket behind the `#`, where no server is told of it. */
  url: z.string(),
  /** Unix ms. */
  expiresAt: z.number().int(),
})
export type TerminalTicket = z.infer<typeof TerminalTicket>

/** What stands on a terminal now, as text without colours. */
export const Screen = z.object({
  /** Its rows, a newline behind each; empty ones at the end are left out. */
  text: z.string(),
})
export type Screen = z.infer<typeof Screen>

/** What somebody at a terminal says beside what they type, as a text frame of JSON. */
export const TerminalRequest = z.discriminatedUnion('type', [
  /** The size of what they look at it with. */
  TerminalSize.extend({ type: z.literal('resize') }),
  /** All bytes of binary frames that they have dealt with, from the first on. */
  z.strictObject({ type: z.literal('ack'), bytes: z.number().int().min(0) }),
  /** They want the screen anew. */
  z.strictObject({ type: z.literal('redraw') }),
  /** The agent sleeps and is to come up. */
  z.strictObject({ type: z.literal('wake') }),
])
export type TerminalRequest = z.infer<typeof TerminalRequest>

/** What they are told beside the bytes of the terminal, as a text frame of JSON. Others may be added. */
export type TerminalNotice =
  /** First of all. `ticket`: by which a browser may come back, once. */
  | { type: 'attached'; agent: string; isReadOnly: boolean; ticket?: string }
  /** How the agent is: at first, and whenever that changes. */
  | { type: 'status'; status: AgentStatus; cause: string | null }
  /** The next binary frame draws all that is there, on a terminal that was just reset. */
  | ({ type: 'screen' } & TerminalSize)
  | ({ type: 'resized' } & TerminalSize)
  /** The agent's program is gone. When it is up again, a screen comes. */
  | { type: 'gone'; cause: string }
  /** What they asked for can't be done; they may stay. */
  | { type: 'refused'; problem: Problem }
  /** Why they can't be here; the connection ends. */
  | { type: 'error'; problem: Problem }
