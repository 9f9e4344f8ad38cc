import { z } from 'zod'
import { AgentName } from './agent-name.ts'
import { limits } from './limits.ts'
import { MessageBody } from './message.ts'
import { RunRequest } from './requests.ts'

/** What becomes of times that passed while nobody was there to send. */
export const MissedPolicy = z.enum(['skip', 'once'])
export type MissedPolicy = z.infer<typeof MissedPolicy>

/** What each new agent of a schedule is made from; its name, prompt and request id are the schedule's matter, and its session is a new one. */
export const ScheduleRun = RunRequest.omit({
  name: true,
  prompt: true,
  requestId: true,
  resume: true,
}).extend({
  template: z.string().min(1),
})
export type ScheduleRun = z.infer<typeof ScheduleRun>

/** Body of `POST /v1/schedules`: send `body` at times, to an agent or to a fresh one each time. */
export const ScheduleRequest = z
  .strictObject({
    name: AgentName,
    /** Five fields (minute, hour, day, month, weekday), or six with the second before them. */
    cron: z.string().max(limits.cronCharacters),
    /** IANA name; left out: the daemon's own. */
    timeZone: z.string().min(1).max(100).optional(),
    missed: MissedPolicy.default('skip'),
    body: MessageBody,
    /** Name of the agent that gets each message. */
    agent: z.string().min(1).optional(),
    /** What a fresh agent is made from each time; `body` is its first message. */
    run: ScheduleRun.optional(),
  })
  .superRefine(({ agent, run }, context) => {
    if ((agent === undefined) === (run === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['agent'],
        message: 'must be given, or run instead of it, and not both',
        params: { code: 'invalid_schedule' },
      })
    }
  })
export type ScheduleRequest = z.infer<typeof ScheduleRequest>
export type ScheduleRequestInput = z.input<typeof ScheduleRequest>

/** What became of the latest time that a schedule had. Times are Unix milliseconds. */
export const ScheduleOutcome = z.object({
  /** The time it was due; for `missed` the latest one that was passed over. */
  at: z.number().int(),
  state: z.enum(['fired', 'failed', 'missed']),
  /** The message that was sent, also one that was refused. */
  message: z.string().nullable(),
  /** The agent that was made. */
  agent: z.string().nullable(),
  /** Error code and sentence of a failure. */
  code: z.string().nullable(),
  cause: z.string().nullable(),
  /** Missed times that this one stands for, or that were passed over; 1000 means that many or more. */
  missed: z.number().int(),
})
export type ScheduleOutcome = z.infer<typeof ScheduleOutcome>

/** A schedule as the API shows it. Times are Unix milliseconds. */
export const Schedule = z.object({
  id: z.string(),
  name: AgentName,
  cron: z.string(),
  timeZone: z.string(),
  missed: MissedPolicy,
  body: z.string(),
  /** Exactly one of these two is not null. */
  agent: z.string().nullable(),
  run: ScheduleRun.nullable(),
  isPaused: z.boolean(),
  /** The next five times; none while it is paused. */
  next: z.array(z.number().int()),
  /** The latest time that was fired, whether it went well or not. */
  lastAt: z.number().int().nullable(),
  lastOutcome: ScheduleOutcome.nullable(),
  createdAt: z.number().int(),
})
export type Schedule = z.infer<typeof Schedule>
