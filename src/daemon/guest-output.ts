import { bytesToDrop } from '../core/retention.ts'
import { runFiles } from '../runtimes/run-folder.ts'
import { fileSize } from '../util/file-size.ts'
import { guestReference, type DaemonContext } from './context.ts'
import { punchHole } from './punch-hole.ts'

/** What is kept of what a guest's terminal said, bytes: more than anybody can scroll back to. */
const keptBytes = 32 * 1024 * 1024

/** What guests say is nobody's record: the beginning of it goes when there is much. */
export class GuestOutput {
  readonly #context: DaemonContext
  /** Bytes given up at the beginning, by the guest's id. */
  readonly #dropped = new Map<string, number>()

  constructor(context: DaemonContext) {
    this.#context = context
  }

  async keepBounds(id: string): Promise<void> {
    const { log, signal } = this.#context
    const file = runFiles(guestReference(this.#context, id).folder).out
    const bytes = bytesToDrop(fileSize(file), this.#dropped.get(id) ?? 0, keptBytes)
    if (bytes === 0) {
      return
    }
    this.#dropped.set(id, bytes)
    try {
      await punchHole(file, bytes, signal)
    } catch (error) {
      log.warn({ err: error, guest: id }, "the beginning of a guest's output could not be freed")
    }
  }

  forget(id: string): void {
    this.#dropped.delete(id)
  }
}
