import { z } from 'zod'
import { AgentStatus, LastRun } from './agent.ts'
import { ReceiptState } from './message.ts'
import { RunStatus } from './run.ts'

const time = z.number().int()

/** What can happen to an agent next. New ones may be added. */
export const ChangeKind = z.enum([
  'takes-message',
  'sleeps',
  'wakes',
  /** Comes up again after its program died, or since it was asked to. */
  'restarts',
  /** Begins a fresh session. */
  'renews',
  /** Its run ends; it may come up again for what waits. */
  'ends-run',
  'stops',
  /** Its run is ended as a failure of its program. */
  'fails',
  /** Waits for the machine no longer: what waits for it fails. */
  'gives-up',
  /** Is looked at again and may have to wait on. */
  'looks-again',
  /** Its question is denied, as nobody answered it. */
  'denies',
  /** Is removed. */
  'goes',
])
export type ChangeKind = z.infer<typeof ChangeKind>

/** What keeps an agent awake. New ones may be added. */
export const HolderKind = z.enum([
  'starting',
  'turn',
  'question',
  'input',
  'queued',
  'attached',
  'background',
  'supervised',
  'unknown',
  /** It was not idle for long enough yet. */
  'recent',
  /** It never falls asleep by itself. */
  'sleepless',
])
export type HolderKind = z.infer<typeof HolderKind>

/** Where a message is that did not come to its end, or came to a bad one. */
export const WhyMessage = z.object({
  id: z.string(),
  from: z.string(),
  /** The beginning of its body, up to 200 characters. */
  text: z.string(),
  state: ReceiptState,
  /** Why it is there, in a few words. */
  because: z.string(),
  /** Since when, Unix ms. */
  since: time,
  /** Until when, where it waits for a time. */
  until: time.nullable(),
})
export type WhyMessage = z.infer<typeof WhyMessage>

/** A question of its program that nobody answered yet. */
export const WhyQuestion = z.object({
  id: z.string(),
  /** What it wants, in a line. */
  title: z.string(),
  since: time,
  /** Denied then, if nobody answers before; null: it waits for ever. */
  until: time.nullable(),
  /** The run that asked goes on; else the answer is taken to it as a message. */
  isLive: z.boolean(),
})
export type WhyQuestion = z.infer<typeof WhyQuestion>

/** Why an agent is as it is. Times are Unix milliseconds. */
export const Why = z.object({
  agent: z.string(),
  status: AgentStatus,
  /** Why it is in that status, in a few words. */
  because: z.string(),
  /** Since when, where that is on record. */
  since: time.nullable(),
  /** When it was looked at: the present for all that is told. */
  at: time,
  /** What happens next if nobody does anything; null: nothing does. */
  next: z
    .object({
      what: ChangeKind,
      /** When; null: once something else has happened, which `reason` names. */
      at: time.nullable(),
      reason: z.string(),
    })
    .nullable(),
  /** The schedule that is the next to send it a message, and when. */
  scheduled: z.object({ name: z.string(), at: time }).nullable(),
  /** Why it is awake; empty when it is not. */
  holders: z.array(
    z.object({
      what: HolderKind,
      text: z.string(),
      since: time.nullable(),
      until: time.nullable(),
    }),
  ),
  /** Everything that can keep it from coming up, in the order in which it is asked. */
  gates: z.array(
    z.object({
      gate: z.string(),
      isOpen: z.boolean(),
      cause: z.string().nullable(),
      /** When it opens, where that is known. */
      until: time.nullable(),
    }),
  ),
  messages: z.object({
    /** Given to its program and not finished. */
    open: z.number().int(),
    /** Waiting for it. */
    queued: z.number().int(),
    /** The newest of both, oldest first. */
    shown: z.array(WhyMessage),
    /** The last ones that did not go well, since one that did; oldest first. */
    troubled: z.array(WhyMessage),
  }),
  /** What it asks a person, oldest first. */
  questions: z.array(WhyQuestion),
  /** How its programs ended, without a healthy run in between; newest first. */
  deaths: z.object({
    attempts: z.number().int(),
    recent: z.array(
      z.object({ at: time, run: z.string(), status: RunStatus, cause: z.string().nullable() }),
    ),
  }),
  /** Where its network policy kept it from lately, the newest first; left out by a daemon from before. */
  refused: z
    .array(z.object({ host: z.string(), port: z.number().int(), why: z.string(), at: time }))
    .optional(),
  lastRun: LastRun.nullable(),
  /** The last lines its program said, where that may tell why it failed; oldest first. */
  lines: z.array(z.string()),
})
export type Why = z.infer<typeof Why>
