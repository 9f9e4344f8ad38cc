import type { Found, Runtime } from '../runtimes/contract.ts'
import type { Store } from '../store/index.ts'
import {
  askDeadlineMs,
  callSignal,
  isGuestId,
  referenceOf,
  workDeadlineMs,
  type DaemonContext,
} from './context.ts'

type OrphanContext = Pick<DaemonContext, 'store' | 'home' | 'runtimes' | 'begun' | 'log' | 'signal'>

/** Something outside that carries the home's mark and is of no run that anybody looks after. */
export interface Orphan extends Found {
  runtime: string
}

export interface OrphanSearch {
  orphans: Orphan[]
  /** Of guests without a record; they have a time of their own, see `LostGuests`. */
  guests: Orphan[]
  /** Runtimes that could not be asked. */
  unasked: string[]
}

/**
 * Looks for orphans; touches nothing. A run has its row before its program begins, so rows are read
 * after the list. A run that was released in between had its program in the list all the same, so
 * what has no row that lives is looked for once more: whoever is released stays so.
 */
export async function findOrphans(context: OrphanContext): Promise<OrphanSearch> {
  const search: OrphanSearch = { orphans: [], guests: [], unasked: [] }
  for (const runtime of context.runtimes.values()) {
    try {
      for (const orphan of await findOf(context, runtime)) {
        search[isGuestId(orphan.run) ? 'guests' : 'orphans'].push(orphan)
      }
    } catch (error) {
      context.log.error({ err: error, runtime: runtime.name }, 'a runtime could not be asked')
      search.unasked.push(runtime.name)
    }
  }
  const { orphans, guests, unasked } = search
  return { orphans: onceEach(orphans), guests: onceEach(guests), unasked }
}

/** Several runtimes find what carries the mark as a process; the first of them tells of it, and ends it. */
function onceEach(orphans: readonly Orphan[]): Orphan[] {
  const seen = new Set<string>()
  return orphans.filter(({ run, what }) => {
    const key = `${run} ${what}`
    return !seen.has(key) && seen.add(key)
  })
}

async function findOf(context: OrphanContext, runtime: Runtime): Promise<Orphan[]> {
  const { store, begun } = context
  const list = async (): Promise<Found[]> =>
    await runtime.list(store.instance, callSignal(context, askDeadlineMs))
  const ownerless = new Set(
    (await list())
      .map(({ run }) => run)
      .filter((runId) => !isLookedAfter(store, runId) && !begun.has(runId)),
  )
  const found = ownerless.size > 0 ? await list() : []
  return found
    .filter(({ run }) => ownerless.has(run))
    .map(({ run, what }) => ({ runtime: runtime.name, run, what }))
}

/** A run that has not ended, or that ended and is still to be released; a guest that has a record. */
function isLookedAfter({ runs, guests }: Store, runId: string): boolean {
  if (isGuestId(runId)) {
    return guests.get(runId) !== undefined
  }
  const run = runs.get(runId)
  return run !== undefined && (run.ended_at === null || run.is_released === 0)
}

/** How many runs these are of. */
export function countRuns(orphans: readonly Orphan[]): number {
  return new Set(orphans.map(({ run }) => run)).size
}

/** Ends them. One that can't be ended is left to the next look. */
export async function releaseOrphans(
  context: OrphanContext,
  orphans: readonly Orphan[],
): Promise<void> {
  const { runtimes, log } = context
  for (const { runtime, run, what } of orphans) {
    log.warn({ runtime, run, what }, 'releasing an orphan')
  }
  const byRun = Map.groupBy(orphans, ({ runtime, run }) => JSON.stringify([runtime, run]))
  await Promise.all(
    [...byRun.values()].map(async ([orphan]) => {
      const { run, runtime } = orphan!
      const signal = callSignal(context, workDeadlineMs)
      try {
        await runtimes.get(runtime)?.destroy(referenceOf(context, run), null, signal)
      } catch (error) {
        log.error({ err: error, run }, 'an orphan could not be released')
      }
    }),
  )
}
