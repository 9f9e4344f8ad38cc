import { z } from 'zod'

/**
 * One bring-up of an agent: `starting → running → stopping →` exactly one final status: `exited`
 * (code 0), `failed` (anything else), `stopped` (asked for), `lost` (gone with no record).
 */
export const RunStatus = z.enum([
  'starting',
  'running',
  'stopping',
  'exited',
  'failed',
  'stopped',
  'lost',
])
export type RunStatus = z.infer<typeof RunStatus>

/** Where the program is in its conversation; `waiting` means it asks a person. */
export const TurnState = z.enum(['idle', 'working', 'waiting'])
export type TurnState = z.infer<typeof TurnState>

/**
 * Why a run is being ended. `sleep`, `stop`, `remove`, `new`, `restart`, `reload` and `shutdown` were
 * asked for; `idle`, `age`, `park` and `task` (an ephemeral agent's is over) follow from its rules;
 * `suspended` follows from them for a run that was suspended for long; `unready` and `wedged` are
 * failures of its program.
 */
export const StopReason = z.enum([
  'sleep',
  'stop',
  'remove',
  'new',
  'restart',
  'reload',
  'shutdown',
  'idle',
  'age',
  'park',
  'task',
  'suspended',
  'unready',
  'wedged',
])
export type StopReason = z.infer<typeof StopReason>

/** How far a run that lives is out of work: on its way to rest, at rest, on its way back. Its memory is kept. */
export const Suspension = z.enum(['suspending', 'suspended', 'resuming'])
export type Suspension = z.infer<typeof Suspension>
