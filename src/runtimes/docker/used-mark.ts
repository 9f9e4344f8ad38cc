import { existsSync, writeFileSync } from 'node:fs'

/** A file of the home that is there once something was made in an engine: without it none is asked. */
export class UsedMark {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  get isThere(): boolean {
    return existsSync(this.#file)
  }

  /** Before the first thing is made. */
  make(): void {
    if (!this.isThere) {
      writeFileSync(this.#file, '', { mode: 0o600 })
    }
  }
}
