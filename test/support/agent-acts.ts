import type { ErrorClass } from '../../src/schema/error-class.ts'

/** What a new daemon finds of a run that was under way. */
export type Found = 'running' | 'suspended' | 'exited' | 'lost' | 'unstarted'

/** What people, programs, machines and time do to an agent, in any order and at any moment. */
export type Act =
  | { do: 'send' | 'stop' | 'start' | 'wake' | 'sleep' | 'new' | 'restart' | 'remove' }
  /** The program took a message, or is through with it. */
  | { do: 'accept' | 'end-turn' }
  /** The program answers its greeting, or says that it can't be talked to. */
  | { do: 'greet' | 'become-unusable' }
  /** The program asks a person, a person answers, the program asks no more. */
  | { do: 'ask' | 'answer' | 'withdraw' }
  | { do: 'end-run'; how: 'exited' | 'failed' | 'lost'; class?: ErrorClass | null }
  /** The daemon died and came again; what was under way is found as this. */
  | { do: 'restart-daemon'; found: Found }
  /** The next start goes wrong, or the next rest or return. */
  | { do: 'break-start' | 'break-move' }
  /** Asked to end its run, though it could be suspended. */
  | { do: 'sleep-fully' }
  /** So many steps are taken before the next act. */
  | { do: 'steps'; count: number }
  | { do: 'pass'; ms: number }
  /** Out of quota for so long. */
  | { do: 'limit'; ms: number }
  /** Somebody attaches or goes; the machine takes starts or does not; jobs go on or end. */
  | { do: 'attach' | 'detach' | 'crowd' | 'uncrowd' | 'begin-job' | 'end-job' | 'spend' }
