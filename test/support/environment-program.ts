import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createTemporaryFolder } from './temporary-folder.ts'

/** A program that writes down the environment it was started with, and becomes another one. */
export class EnvironmentProgram implements Disposable {
  readonly #folder = createTemporaryFolder('drover-environment-')
  readonly path = path.join(this.#folder, 'program')
  readonly #file = path.join(this.#folder, 'environment')

  constructor(program: string, ...args: readonly string[]) {
    const quoted = [program, ...args].map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ')
    const lines = [
      '#!/bin/sh',
      // A shell adds variables of its own; where the system tells, what it was given is read.
      `file='${this.#file}'`,
      `if [ -r /proc/$$/environ ]; then cat /proc/$$/environ > "$file.$$"`,
      `else env -0 > "$file.$$"; fi`,
      // Only its first start counts: programs start themselves again.
      `if [ -e "$file" ]; then rm "$file.$$"; else mv "$file.$$" "$file"; fi`,
      `exec ${quoted} "$@"`,
    ]
    writeFileSync(this.path, `${lines.join('\n')}\n`)
    chmodSync(this.path, 0o755)
  }

  /** What it was started with; empty until it was. */
  read(): Record<string, string> {
    return existsSync(this.#file) ? parseEnvironment(readFileSync(this.#file, 'utf8')) : {}
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** `NAME=value` entries, each with a NUL at its end. */
export function parseEnvironment(block: string): Record<string, string> {
  const entries = block.split('\0').filter((entry) => entry !== '')
  return Object.fromEntries(
    entries.map((entry) => [
      entry.slice(0, entry.indexOf('=')),
      entry.slice(entry.indexOf('=') + 1),
    ]),
  )
}
