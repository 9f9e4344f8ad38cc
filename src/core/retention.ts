/** A finished run whose record could be given up. */
export interface DisposableRun {
  id: string
  bytes: number
}

/** The runs to give up, oldest first, until what is left fits; as few as will do. */
export function runsToDrop(runs: readonly DisposableRun[], excessBytes: number): string[] {
  const dropped: string[] = []
  for (const { id, bytes } of runs) {
    if (excessBytes <= 0) {
      break
    }
    dropped.push(id)
    excessBytes -= bytes
  }
  return dropped
}

/** File systems free whole blocks only. */
const blockBytes = 4096

/**
 * How much of the beginning of an output to give up so that the last `keepBytes` stay: whole blocks,
 * never beyond what became events. 0 when it is too little to be worth it.
 */
export function bytesToDrop(readBytes: number, droppedBytes: number, keepBytes: number): number {
  const wanted = Math.floor((readBytes - keepBytes) / blockBytes) * blockBytes
  return wanted - droppedBytes >= keepBytes / 4 ? wanted : 0
}

/** What was true when the records of all runs were measured last. */
export interface Measured {
  /** Bytes added to records, and runs released, both since the daemon's start. */
  addedBytes: number
  releases: number
  /** What could be added before a bound is passed; negative when one is passed already. */
  headroomBytes: number
}

/**
 * Whether records may be over a bound, so that it is worth measuring them: never measured; so much
 * was added that a bound may be passed; or one is passed, and there is more to give up than before.
 */
export function mayExceed(
  last: Measured | null,
  now: Pick<Measured, 'addedBytes' | 'releases'>,
): boolean {
  if (!last) {
    return true
  }
  const addedBytes = now.addedBytes - last.addedBytes
  return last.headroomBytes >= 0
    ? addedBytes > last.headroomBytes
    : addedBytes > 0 || now.releases > last.releases
}
