import { rm } from 'node:fs/promises'
import { DroverError } from '../../../schema/error.ts'
import { claimRun, neverStarted } from '../../holder/recover.ts'
import { ringEnd } from '../../holder/ring-bell.ts'
import { markStopped } from '../../holder/stop.ts'
import { readExit, runFiles } from '../../run-folder.ts'
import type {
  Exit,
  Found,
  Handle,
  Liveness,
  Recovery,
  RunReference,
  StopOptions,
} from '../../contract.ts'
import type { AgentReference, BoxKind } from '../../box.ts'
import type { EngineLink } from '../engine-link.ts'
import { refuseForeign } from '../limits.ts'
import { Courier } from './courier.ts'
import { askLiveness, endRun, listInside, removeFolders } from './end-run.ts'
import { findRun } from './find-run.ts'
import { InsideHandle, isSameHandle } from './handle.ts'
import { KnownUsers } from './known-users.ts'
import { locateFolders } from './locate-folders.ts'
import { innerFolder, readAgent, readPlace, type Place } from './notes.ts'
import type { BoxedLaunch } from './prepare.ts'
import { RecentLooks } from './recent-looks.ts'
import { startInside } from './start.ts'

/** How long what was said last may take to come home, and an ending to be recorded, ms. */
const lastWordMs = 5000
const recordMs = 2000

export interface InsideOptions {
  link: EngineLink
  /** Where it stands which containers were used. */
  usedFile: string
  onMade: () => void
}

/**
 * Runs inside of containers that are not ours, beside whatever else is in them. Each has a courier,
 * which brings its record home.
 */
export class InsideContainers {
  readonly #link: EngineLink
  readonly #usedFile: string
  readonly #onMade: () => void
  readonly #couriers = new Map<string, Courier>()
  readonly #users = new KnownUsers()
  readonly #looks = new RecentLooks()

  constructor({ link, usedFile, onMade }: InsideOptions) {
    this.#link = link
    this.#usedFile = usedFile
    this.#onMade = onMade
  }

  /** Errors: those of `startInside`, and `unsupported`. */
  async start(launch: BoxedLaunch, signal: AbortSignal): Promise<Handle> {
    const refusal = refuseForeign(launch.limits ?? {})
    const wish = refusal ? `limits.${refusal.limit}` : launch.terminal && 'terminal'
    if (wish) {
      throw new DroverError(
        'unsupported',
        `${wish}: it can't be had in a container of somebody's.`,
        {
          details: { field: wish },
        },
      )
    }
    const tools = {
      engine: await this.#link.engine(signal),
      usedFile: this.#usedFile,
      users: this.#users,
      looks: this.#looks,
      onMade: this.#onMade,
    }
    const { handle, place } = await startInside(tools, launch, signal)
    this.#courierOf(launch.run, { handle, place })
    return handle
  }

  async recover(run: RunReference, given: Handle | null, signal: AbortSignal): Promise<Recovery> {
    const recorded = readExit(run.folder)
    if (recorded) {
      return { state: 'exited', exit: recorded }
    }
    if (!given && claimRun(run)) {
      return neverStarted
    }
    const place = readPlace(run)
    if (!place) {
      return { state: 'lost', cause: 'what tells of its container is gone' }
    }
    try {
      const known = given ? InsideHandle.parse(given) : null
      return await this.#find(run, { place, known }, signal)
    } catch (error) {
      signal.throwIfAborted()
      return { state: 'unknown', cause: error instanceof Error ? error.message : String(error) }
    }
  }

  async inspect(given: Handle, signal: AbortSignal): Promise<Liveness> {
    const handle = InsideHandle.parse(given)
    const courier = [...this.#couriers.values()].find((each) => isSameHandle(each.handle, handle))
    if (courier?.outcome) {
      return 'dead'
    }
    if (courier?.isCarrying) {
      return 'alive'
    }
    try {
      const engine = await this.#link.engine(signal)
      return await askLiveness(engine, handle, signal)
    } catch {
      return 'unknown'
    }
  }

  /** False: it is no run of these. */
  notifyInput({ id }: RunReference): boolean {
    this.#couriers.get(id)?.wake()
    return this.#couriers.has(id)
  }

  /** Its file `end` is there. */
  closeInput({ id }: RunReference): void {
    this.#couriers.get(id)?.closeInput()
  }

  async stop(run: RunReference, given: Handle, options: StopOptions): Promise<void> {
    const { askMs, graceMs, signal } = options
    const handle = InsideHandle.parse(given)
    const place = readPlace(run)
    const courier = place && this.#courierOf(run, { handle, place })
    if (!courier || (await courier.isOver(0, signal))) {
      return
    }
    if (askMs > 0) {
      ringEnd(run)
      this.closeInput(run)
      if (await courier.isOver(askMs, signal)) {
        return await this.#endRest(run, { place, handle }, signal)
      }
    }
    markStopped(run)
    const engine = await this.#link.engine(signal)
    await endRun(engine, { run, place, handle, order: 'term' }, signal)
    if (await courier.isOver(graceMs, signal)) {
      return await this.#endRest(run, { place, handle }, signal)
    }
    await endRun(engine, { run, place, handle, order: 'kill' }, signal)
    if (!(await courier.isOver(recordMs, signal))) {
      await endRun(engine, { run, place, handle, order: 'all' }, signal)
    }
    if (!(await courier.isOver(lastWordMs, signal))) {
      throw new DroverError(
        'stop_failed',
        `Run ${run.id} did not end in ${place.name}, though it was killed.`,
        { details: { container: place.name } },
      )
    }
  }

  async destroy(run: RunReference, given: Handle | null, signal: AbortSignal): Promise<void> {
    const isUnstarted = claimRun(run)
    const place = readPlace(run)
    const handle = given ? InsideHandle.parse(given) : null
    if (place && !isUnstarted) {
      await this.#endRest(run, { place, handle }, signal)
      await this.#couriers.get(run.id)?.isOver(lastWordMs, signal)
    }
    if (place) {
      await this.#removeFolders(place, [innerFolder(run)], signal)
    }
    this.#couriers.get(run.id)?.close()
    this.#couriers.delete(run.id)
    const { bell, end, stop } = runFiles(run.folder)
    for (const file of [bell, end, stop]) {
      await rm(file, { force: true })
    }
  }

  explainExit({ id }: RunReference, { signal }: Exit): string | null {
    return signal === 'SIGKILL' && this.#couriers.get(id)?.outcome?.isOutOfMemory
      ? 'out of memory: its container had no more'
      : null
  }

  async list(instance: string, signal: AbortSignal): Promise<Found[]> {
    return await listInside(this.#link, { instance, usedFile: this.#usedFile }, signal)
  }

  /** Removes what an agent kept inside. What does not run can't be reached; it is left there. */
  async forget(agent: AgentReference, signal: AbortSignal): Promise<void> {
    const { places, folders } = readAgent(agent)
    for (const place of places) {
      await this.#removeFolders(place, folders, signal)
    }
  }

  async locate(
    { container }: BoxKind,
    folders: readonly string[],
    signal: AbortSignal,
  ): Promise<string[]> {
    const tools = { engine: await this.#link.engine(signal), looks: this.#looks }
    return await locateFolders(tools, { container, folders }, signal)
  }

  close(): void {
    this.#couriers.forEach((courier) => courier.close())
    this.#couriers.clear()
  }

  async #find(
    run: RunReference,
    { place, known }: { place: Place; known: InsideHandle | null },
    signal: AbortSignal,
  ): Promise<Recovery> {
    const running = this.#couriers.get(run.id)
    const isSame = running && (!known || isSameHandle(running.handle, known))
    const found = isSame
      ? running.handle
      : await findRun(await this.#link.engine(signal), { run, place, known }, signal)
    if ('state' in found) {
      return found
    }
    const courier = this.#courierOf(run, { handle: found, place })
    await courier.settled(signal)
    signal.throwIfAborted()
    const exit = readExit(run.folder)
    if (exit) {
      return { state: 'exited', exit }
    }
    const { outcome, trouble } = courier
    if (outcome) {
      return { state: 'lost', cause: outcome.cause }
    }
    return courier.isCarrying || trouble?.endsWith('is paused')
      ? { state: 'running', handle: found }
      : { state: 'unknown', cause: trouble ?? 'its container can not be asked' }
  }

  #courierOf(
    run: RunReference,
    { handle, place }: { handle: InsideHandle; place: Place },
  ): Courier {
    const there = this.#couriers.get(run.id)
    if (there && isSameHandle(there.handle, handle)) {
      return there
    }
    there?.close()
    const courier = new Courier({ link: this.#link, run, place, handle })
    this.#couriers.set(run.id, courier)
    return courier
  }

  async #endRest(
    run: RunReference,
    { place, handle }: { place: Place; handle: InsideHandle | null },
    signal: AbortSignal,
  ): Promise<void> {
    const engine = await this.#link.engine(signal)
    const state = await engine.inspectContainer(place.container, signal)
    if (state?.isRunning) {
      await endRun(engine, { run, place, handle, order: 'all' }, signal)
    }
  }

  async #removeFolders(
    place: Place,
    folders: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const engine = await this.#link.engine(signal)
    const state = await engine.inspectContainer(place.container, signal)
    if (state?.isRunning && !state.isPaused) {
      await removeFolders(engine, { place, folders }, signal)
    }
  }
}
