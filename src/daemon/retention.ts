import { rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { bytesToDrop, mayExceed, runsToDrop, type Measured } from '../core/retention.ts'
import { costDay } from '../core/settle-cost.ts'
import { runFiles } from '../runtimes/run-folder.ts'
import type { RunRow } from '../store/index.ts'
import { referenceOf, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { punchHole } from './punch-hole.ts'

/** Old events deleted in one transaction, and in one round. */
const eventsAtOnce = 1000
const eventsInRound = 50_000

/** Events that are never given up for their bytes. */
const eventsAlwaysKept = 1000

/** Answers of ephemeral agents kept after their end, and questions that came to theirs. */
const tasksKept = 10_000
const approvalsKept = 10_000
const approvalBytesKept = 64 * 1024 * 1024

/**
 * Keeps what agents said within the bounds of config: the oldest events go; then the oldest finished
 * runs, of an agent that has too much and of all together; then the beginning of a live run's output.
 * All runs are read only when they may have come to a bound since the last time.
 */
export class Retention {
  readonly #context: DaemonContext
  /** Null before the first time, and while there may be more to give up. */
  #measured: Measured | null = null

  constructor(context: DaemonContext) {
    this.#context = context
  }

  async keepBounds(): Promise<void> {
    const { store, rotateLog } = this.#context
    rotateLog()
    store.transaction('relaxed', () => {
      store.tasks.prune(tasksKept)
      store.approvals.prune(approvalsKept, approvalBytesKept)
    })
    this.#pruneCosts()
    await pruneEvents(this.#context)
    if (mayExceed(this.#measured, store.runs)) {
      await this.#keepRuns()
    }
  }

  #pruneCosts(): void {
    const { store, config, now } = this.#context
    const first = costDay(now() - config.retention.costDays * 86_400_000)
    store.transaction('relaxed', () => store.costs.prune(first))
  }

  async #keepRuns(): Promise<void> {
    const { store, config } = this.#context
    const { agentBytes, totalBytes } = config.retention
    const { addedBytes, releases } = store.runs
    const { total, largest } = store.runSizes.measure()
    const headroomBytes = Math.min(agentBytes - largest, totalBytes - total)
    this.#measured = null
    const dropped = headroomBytes < 0 ? await this.#drop() : 0
    if (dropped === 0) {
      this.#measured = { addedBytes, releases, headroomBytes }
    }
  }

  /** Resolves to something above 0 when there may be more to give up. */
  async #drop(): Promise<number> {
    const { store, config } = this.#context
    const { agentBytes, totalBytes } = config.retention
    let dropped = 0
    for (const { agentId, bytes } of store.runSizes.listLarge(agentBytes)) {
      dropped += await dropRuns(this.#context, agentId, bytes - agentBytes)
      dropped += await dropBeginning(this.#context, agentId, agentBytes)
    }
    return (
      dropped + (await dropRuns(this.#context, null, store.runSizes.measure().total - totalBytes))
    )
  }
}

/** In small steps, so that nobody waits for long. */
async function pruneEvents({ store, config, signal }: DaemonContext): Promise<void> {
  const { events, eventBytes } = config.retention
  for (let pruned = 0; pruned < eventsInRound && !signal.aborted;) {
    const keep = store.events.usedBytes() > eventBytes ? eventsAlwaysKept : events
    const count = store.transaction('relaxed', () => store.events.prune(keep, eventsAtOnce))
    if (count === 0) {
      return
    }
    pruned += count
    await setImmediate()
  }
}

/** Resolves to how many it gave up. */
async function dropRuns(
  context: DaemonContext,
  agentId: string | null,
  excessBytes: number,
): Promise<number> {
  const { store, log } = context
  const runs = excessBytes > 0 ? store.runSizes.listDisposable(agentId) : []
  const ids = runsToDrop(
    runs.map((run) => ({ id: run.id, bytes: bytesOf(run) })),
    excessBytes,
  )
  for (const id of ids) {
    // The row goes last: a folder that was left by a crash is found by it and removed again.
    await rm(referenceOf(context, id).folder, { recursive: true, force: true })
    faultPoint('run-folder-dropped')
    store.transaction('relaxed', () => store.runs.delete(id))
    faultPoint('run-dropped')
    log.info({ run: id }, 'dropped the record of a finished run to keep within retention')
  }
  return ids.length
}

const bytesOf = (run: RunRow): number =>
  run.in_bytes + run.out_bytes + run.err_bytes + run.notes_bytes - run.dropped_bytes

/**
 * Frees the blocks at the beginning of an output whose run goes on. The program keeps its open file
 * and every offset stays what it was; what was dropped is a hole. Resolves to the bytes it gave up.
 */
async function dropBeginning(
  context: DaemonContext,
  agentId: string,
  agentBytes: number,
): Promise<number> {
  const { store, log } = context
  const runId = store.agents.get(agentId)?.run_id
  const run = runId ? store.runs.get(runId) : undefined
  const bytes = run ? bytesToDrop(run.out_bytes, run.dropped_bytes, Math.floor(agentBytes / 2)) : 0
  if (!run || bytes === 0) {
    return 0
  }
  store.transaction('relaxed', () => store.runs.setDropped(run.id, bytes))
  faultPoint('output-given-up')
  const file = runFiles(referenceOf(context, run.id).folder).out
  try {
    await punchHole(file, bytes, context.signal)
    faultPoint('output-punched')
  } catch (error) {
    log.warn(
      { err: error, run: run.id },
      'the beginning of an output could not be freed; it goes when the run has ended',
    )
  }
  return bytes
}
