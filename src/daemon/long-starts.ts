import type { RunRow } from '../store/index.ts'
import type { Records } from './records.ts'

/** How often it is told how far a start is, ms. */
const tellMs = 500

/** A start that takes long before anything of its run is made. */
interface LongStart {
  abort: AbortController
  /** What it is at; null: nothing that takes long. */
  text: string | null
  toldAt: number
  timer: NodeJS.Timeout | null
}

/** Starts under way: how far they are is told as events, and one that is not wanted any more is given up. */
export class LongStarts {
  readonly #records: Records
  readonly #starts = new Map<string, LongStart>()

  constructor(records: Records) {
    this.#records = records
  }

  /** The signal ends the start that begins now. */
  begin({ agent_id: agentId }: Pick<RunRow, 'agent_id'>): AbortSignal {
    const abort = new AbortController()
    this.#starts.set(agentId, { abort, text: null, toldAt: -Infinity, timer: null })
    return abort.signal
  }

  end(agentId: string): void {
    clearTimeout(this.#starts.get(agentId)?.timer ?? undefined)
    this.#starts.delete(agentId)
  }

  /** Whether it may be given up: nothing of its run is there yet, and that will last. */
  isLong(agentId: string): boolean {
    return typeof this.#starts.get(agentId)?.text === 'string'
  }

  /** What it is at, for the cause of one that was not up in time. */
  textOf(agentId: string): string | null {
    return this.#starts.get(agentId)?.text ?? null
  }

  giveUp(agentId: string): void {
    this.#starts.get(agentId)?.abort.abort(new Error('it is not wanted any more'))
  }

  /** Told at most twice a second, the last of it always; lost with a crash, since the next start tells anew. */
  tell(run: Pick<RunRow, 'id' | 'agent_id'>, text: string): void {
    const start = this.#starts.get(run.agent_id)
    if (!start || start.text === text) {
      return
    }
    start.text = text
    start.timer ??= setTimeout(
      () => {
        start.timer = null
        start.toldAt = performance.now()
        this.#record(run, start.text ?? '')
      },
      Math.max(start.toldAt + tellMs - performance.now(), 0),
    )
  }

  #record({ id, agent_id: agentId }: Pick<RunRow, 'id' | 'agent_id'>, text: string): void {
    const { store, log } = this.#records.context
    try {
      store.transaction('relaxed', () =>
        this.#records.event(agentId, 'run.preparing', { text }, id),
      )
    } catch (error) {
      log.warn({ err: error, run: id }, 'how far a start is could not be told')
    }
  }
}
