/** What the processes of a run had done at one moment. */
export interface WorkSample {
  /** Unix ms. */
  at: number
  processes: readonly string[]
  cpuMs: number
}

/** A program that waits takes a little time now and then; more than this share is work. */
const idleShare = 0.01

/**
 * Whether two looks at a silent turn prove that nothing happens in it: the very same processes, for
 * so long, and next to no processor time. Anything else is doubt, and in doubt nothing is ended.
 */
export function isWedged(first: WorkSample, last: WorkSample, leastMs: number): boolean {
  const spanMs = last.at - first.at
  return (
    spanMs >= leastMs &&
    last.processes.length > 0 &&
    first.processes.join() === last.processes.join() &&
    last.cpuMs - first.cpuMs <= spanMs * idleShare
  )
}
