import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('watch-rules.sh', import.meta.url))

/** How long until a watch that ended is begun again, ms. */
const pauseMs = 5000

/**
 * Hears from the kernel when tables of the firewall go, as by `nft flush ruleset`: two small processes,
 * and nothing is asked.
 */
export class RuleWatch {
  readonly #onGone: (table: string) => void
  #child: ChildProcess | null = null
  #again: NodeJS.Timeout | undefined
  #isClosed = false

  /** `onGone` is told a table's name, and the empty word where some may have gone unheard. */
  constructor(onGone: (table: string) => void) {
    this.#onGone = onGone
  }

  /** Once more is harmless. */
  begin(program: string): void {
    if (this.#child || this.#isClosed) {
      return
    }
    clearTimeout(this.#again)
    const child = spawn('/bin/sh', [script, program], {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#child = child
    child.on('error', () => undefined)
    child.stdin.on('error', () => undefined)
    child.unref()
    createInterface({ input: child.stdout })
      .on('line', (line) => this.#read(line))
      .on('close', () => this.#end(child, program))
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#again)
    this.#child?.stdin?.end()
    this.#child = null
  }

  #read(line: string): void {
    const [, table] = /^delete table \w+ (\S+)/.exec(line) ?? []
    if (table !== undefined && !this.#isClosed) {
      this.#onGone(table)
    }
  }

  #end(child: ChildProcess, program: string): void {
    child.stdin?.end()
    if (this.#isClosed) {
      return
    }
    this.#child = null
    this.#again = setTimeout(() => {
      this.begin(program)
      this.#onGone('')
    }, pauseMs).unref()
  }
}
