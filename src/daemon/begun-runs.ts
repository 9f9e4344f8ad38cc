import { readdirSync, readFileSync, watch, type FSWatcher } from 'node:fs'
import path from 'node:path'
import { createPrivateFolder } from '../util/private-file.ts'

/** A run that the machine's own supervisor began. */
export interface BegunRun {
  id: string
  /** Its program goes on with the session of before. */
  isResumed: boolean
}

const ending = '.begun'

/**
 * What the machine's own supervisor began by itself: each of its units says so in a file of one
 * folder, whether or not a daemon lives. The latest of each agent counts.
 */
export class BegunRuns {
  readonly #folder: string
  readonly #begun = new Map<string, BegunRun>()
  #watcher: FSWatcher | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Reads what is there, and tells of each agent whose unit begins a run from now on. */
  watch(onBegun: (agentId: string) => void): void {
    createPrivateFolder(this.#folder)
    this.#watcher = watch(this.#folder, (_, file) => {
      if (file?.endsWith(ending) && this.#read(file)) {
        onBegun(path.basename(file, ending))
      }
    })
    this.#watcher.on('error', () => this.close())
    for (const file of readdirSync(this.#folder)) {
      if (file.endsWith(ending)) {
        this.#read(file)
      }
    }
  }

  get(agentId: string): BegunRun | undefined {
    return this.#begun.get(agentId)
  }

  has(runId: string): boolean {
    return [...this.#begun.values()].some(({ id }) => id === runId)
  }

  forget(agentId: string): void {
    this.#begun.delete(agentId)
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  #read(file: string): boolean {
    let text: string
    try {
      text = readFileSync(path.join(this.#folder, file), 'utf8')
    } catch {
      return false
    }
    const [, id, note] = /^(run_[0-9a-z]+) (resumed|fresh)\n$/.exec(text) ?? []
    if (id === undefined) {
      return false
    }
    this.#begun.set(path.basename(file, ending), { id, isResumed: note === 'resumed' })
    return true
  }
}
