import { z } from 'zod'
import { limits } from './limits.ts'

/** How far a message has come. It only moves forward: `stored → waking → delivered → accepted → done`, or one of the other finals. */
export const ReceiptState = z.enum([
  'stored',
  'waking',
  'delivered',
  'accepted',
  'done',
  'failed',
  'refused',
  'dead',
])
export type ReceiptState = z.infer<typeof ReceiptState>

export const finalReceiptStates = [
  'done',
  'failed',
  'refused',
  'dead',
] as const satisfies ReceiptState[]

export function isFinalReceiptState(state: ReceiptState): boolean {
  return (finalReceiptStates as readonly ReceiptState[]).includes(state)
}

/** A key chosen by the sender: the same id twice is the same message. */
export const MessageId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/,
    'must be 1 to 128 letters, digits, ".", "_", ":" or "-"',
  )

/** Text for an agent: 1 byte to 1 MiB of UTF-8, no NUL, no lone surrogate. */
export const MessageBody = z
  .string()
  .min(1, 'is empty')
  .refine((text) => !text.includes('\0'), {
    message: 'contains NUL',
    params: { code: 'invalid_message' },
  })
  .refine((text) => text.isWellFormed(), {
    message: 'is not valid Unicode (a lone surrogate)',
    params: { code: 'invalid_message' },
  })
  .refine((text) => Buffer.byteLength(text) <= limits.messageBytes, {
    message: `is larger than ${limits.messageBytes} bytes`,
    params: { code: 'message_too_large' },
  })

/**
 * How a message goes to an agent that is busy: `queue` waits for the turn to end, `steer` joins it,
 * `interrupt` ends it first. An agent that is not busy takes each as a turn of its own.
 */
export const MessageMode = z.enum(['queue', 'steer', 'interrupt'])
export type MessageMode = z.infer<typeof MessageMode>

/** How a message went in: as a turn of its own, into the one under way, or after one that was ended for it. */
export const MessageEntry = z.enum(['turn', 'steered', 'interrupted'])
export type MessageEntry = z.infer<typeof MessageEntry>

/** A message with its receipt. Times are Unix milliseconds. */
export const Message = z.object({
  id: z.string(),
  /** Recipient's name. */
  agent: z.string(),
  /** Sender: `user`, the name of a peer, or `schedule:NAME`. */
  from: z.string(),
  body: z.string(),
  state: ReceiptState,
  /** Why it is in that state, where there is something to say. */
  cause: z.string().nullable(),
  /** The agent's answer, once done. */
  reply: z.string().nullable(),
  /** How it was to go in; `queue` where its agent's program can't do what was asked. */
  mode: MessageMode.optional(),
  /** How it did go in; null while it has not. */
  entry: MessageEntry.nullable().optional(),
  /** The run that took it. */
  run: z.string().nullable(),
  /** While it waits for its agent to come up: until when, Unix ms, where that is known. */
  until: z.number().int().nullable(),
  createdAt: z.number().int(),
  updatedAt: z.number().int(),
})
export type Message = z.infer<typeof Message>
