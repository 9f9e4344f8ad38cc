import { z } from 'zod'

/** Everything the event stream can say. New types may be added; old ones keep their meaning. */
export const EventType = z.enum([
  // life of agents and runs
  'agent.created',
  'agent.status',
  'agent.waiting',
  'agent.parked',
  'agent.restarting',
  'agent.quarantined',
  'agent.reloaded',
  'agent.moved',
  'agent.attached',
  'agent.detached',
  'agent.budget',
  'agent.removed',
  'run.starting',
  'run.preparing',
  'run.running',
  'run.ready',
  'run.suspended',
  'run.resumed',
  'run.ended',
  // messages
  'message.state',
  // what the program said, the same words for every provider
  'session',
  'turn.started',
  'turn.interrupting',
  'turn.ended',
  'text',
  'thinking',
  'tool.call',
  'tool.result',
  'cost',
  'status',
  'error',
  'output',
  // what its program asked a person
  'approval.asked',
  'approval.decided',
  'approval.withdrawn',
  // terminals beside agents
  'guest.started',
  'guest.ended',
  // what an agent was kept from, by its network policy
  'network.refused',
  // schedules
  'schedule.created',
  'schedule.fired',
  'schedule.failed',
  'schedule.missed',
  'schedule.paused',
  'schedule.resumed',
  'schedule.removed',
  // the daemon itself
  'daemon.started',
  'daemon.recovered',
  'daemon.reconciled',
])
export type EventType = z.infer<typeof EventType>

/**
 * One event. `seq` grows by one for each event of a home and never repeats; following from a `seq`
 * misses nothing and repeats nothing.
 *
 * `text` events are additive: their texts joined in order are what the program said, deltas and
 * whole messages alike; lines of plain output keep their newline. `output` is what was not
 * understood: lines of stderr, lines that are not the provider's format.
 */
export const Event = z.object({
  seq: z.number().int(),
  /** Unix milliseconds. */
  at: z.number().int(),
  type: z.string(),
  agent: z.string().nullable(),
  run: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
})
export type Event = z.infer<typeof Event>

/** A line of an agent's log: what it said, in order, with its stream and time. */
export const LogEntry = z.object({
  /** Event that completed the line. */
  seq: z.number().int(),
  at: z.number().int(),
  stream: z.enum(['out', 'err', 'system']),
  text: z.string(),
})
export type LogEntry = z.infer<typeof LogEntry>
