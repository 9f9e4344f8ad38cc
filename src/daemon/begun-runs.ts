import { readdirSync, readFileSync, rmSync, statSync, watch, type FSWatcher } from 'node:fs'
import path from 'node:path'
import { createPrivateFolder } from '../util/private-file.ts'

/** A run that the machine's own supervisor began. */
export interface BegunRun {
  id: string
  /** Its program goes on with the session of before. */
  isResumed: boolean
}

/** `AGENT.RUN.begun` */
const begunName = /^([^.]+)\.(run_[0-9a-z]+)\.begun$/

/**
 * What the machine's own supervisor began by itself: each run says so by a file in one folder, whether
 * or not a daemon lives, until a daemon has taken it up. So each is taken up, the oldest first.
 */
export class BegunRuns {
  readonly #folder: string
  /** Of each agent, the oldest first. */
  readonly #begun = new Map<string, BegunRun[]>()
  #watcher: FSWatcher | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Reads what is there, but for runs that have a row (`isKnown`), and tells of each agent whose unit
   * begins a run from now on.
   */
  watch(isKnown: (runId: string) => boolean, onBegun: (agentId: string) => void): void {
    createPrivateFolder(this.#folder)
    const take = (file: string): string | null => {
      const [, agentId, runId] = begunName.exec(file) ?? []
      if (agentId === undefined || runId === undefined || this.has(runId)) {
        return null
      }
      if (isKnown(runId)) {
        this.#remove(agentId, runId)
        return null
      }
      return this.#read(file, { agentId, runId }) ? agentId : null
    }
    this.#watcher = watch(this.#folder, (_, file) => {
      const agentId = file === null ? null : take(file)
      if (agentId !== null) {
        onBegun(agentId)
      }
    })
    this.#watcher.on('error', () => this.close())
    this.#listByAge().forEach(take)
  }

  /** Who has a run that was not taken up yet. */
  get agents(): string[] {
    return [...this.#begun.keys()]
  }

  /** The oldest of an agent that was not taken up yet. */
  get(agentId: string): BegunRun | undefined {
    return this.#begun.get(agentId)?.[0]
  }

  has(runId: string): boolean {
    return [...this.#begun.values()].some((runs) => runs.some(({ id }) => id === runId))
  }

  /** It was taken up, or never became one. */
  forget(agentId: string, runId: string): void {
    const left = (this.#begun.get(agentId) ?? []).filter(({ id }) => id !== runId)
    if (left.length > 0) {
      this.#begun.set(agentId, left)
    } else {
      this.#begun.delete(agentId)
    }
    this.#remove(agentId, runId)
  }

  /** All of an agent that is to go. */
  forgetAll(agentId: string): void {
    for (const { id } of this.#begun.get(agentId) ?? []) {
      this.forget(agentId, id)
    }
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  #listByAge(): string[] {
    return readdirSync(this.#folder)
      .filter((file) => begunName.test(file))
      .map((file) => ({ file, at: this.#madeAt(file) }))
      .toSorted((one, other) => one.at - other.at)
      .map(({ file }) => file)
  }

  #madeAt(file: string): number {
    return statSync(path.join(this.#folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  }

  #read(file: string, { agentId, runId }: { agentId: string; runId: string }): boolean {
    let note: string
    try {
      note = readFileSync(path.join(this.#folder, file), 'utf8')
    } catch {
      return false
    }
    const runs = this.#begun.get(agentId) ?? []
    this.#begun.set(agentId, [...runs, { id: runId, isResumed: note === 'resumed\n' }])
    return true
  }

  #remove(agentId: string, runId: string): void {
    rmSync(path.join(this.#folder, `${agentId}.${runId}.begun`), { force: true })
  }
}
