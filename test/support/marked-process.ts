import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A process that carries a home's mark, of a run that no home knows. */
export async function startMarked(instance: string): Promise<MarkedOrphan> {
  const child = spawn('/bin/sleep', ['600'], {
    detached: true,
    stdio: 'ignore',
    env: { DROVER_INSTANCE: instance, DROVER_RUN: 'run_of_nobody' },
  })
  await once(child, 'spawn')
  return new MarkedOrphan(child)
}

/** Ends with the test that started it. */
export class MarkedOrphan implements Disposable {
  /** Code and signal, once it has ended. */
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    this.#child = child
    this.ended = once(child, 'exit') as MarkedOrphan['ended']
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
