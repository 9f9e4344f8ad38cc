import type { StopReason } from '../schema/run.ts'

/** Why a run was ended, in the words that are kept with it. */
export const stopCauses: Readonly<Record<StopReason, string>> = {
  sleep: 'asked to sleep',
  stop: 'asked to stop',
  remove: 'asked to be removed',
  new: 'asked for a fresh session',
  restart: 'asked to restart',
  reload: 'its spec was changed',
  shutdown: 'asked to end with the daemon',
  idle: 'idle',
  age: 'older than a run may be',
  park: 'out of quota',
  task: 'its task is over',
  suspended: 'suspended for as long as it may be',
  unready: 'it had a message and took no turn in time',
  wedged: 'it was wedged: a turn without output and without work',
}
