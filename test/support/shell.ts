import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findMarkedProcesses, sendSignal } from '../../src/util/process-identity.ts'
import { createTemporaryFolder } from './temporary-folder.ts'
import { waitFor } from './wait-for.ts'

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** Well under a test's own deadline, so that what hangs is told with what it printed, and cleaned up. */
const deadlineMs = 120_000

export interface ShellResult {
  /** Null when it was ended by a signal, or has not ended at all. */
  code: number | null
  /** Both streams as they came. */
  printed: string
}

/**
 * A place where commands of docs and examples run as a newcomer's would: the built `drover` on PATH,
 * a home and a folder of its own, no model. `await using` ends all that was started in it.
 */
export class Shell implements AsyncDisposable {
  readonly #folder = createTemporaryFolder('drover-shell-')
  readonly home = path.join(this.#folder, 'home')
  readonly work = path.join(this.#folder, 'work')

  constructor() {
    mkdirSync(this.home, { mode: 0o700 })
    mkdirSync(this.work)
    this.configure({})
  }

  /** Names that documents use for what is another on every machine. */
  get names(): Record<string, string> {
    return { '/home/ada/drover': this.home, '/home/ada/project': this.work, laptop: hostname() }
  }

  /** Writes config.yaml. No Ollama of this machine is found, so that every run says the same. */
  configure(upstreams: Record<string, unknown>): void {
    const config = {
      port: 0,
      gateway: { upstreams: { ollama: { url: 'http://127.0.0.1:9' }, ...upstreams } },
    }
    writeFileSync(path.join(this.home, 'config.yaml'), JSON.stringify(config))
  }

  /** Runs a program to its end, or for two minutes; what still lives then goes with the shell. */
  async run(argv: readonly [string, ...string[]]): Promise<ShellResult> {
    const [program, ...args] = argv
    const child = spawn(program, args, {
      cwd: this.work,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
    }
    const late = sleep(deadlineMs, [null], { ref: false })
    const [code] = (await Promise.race([once(child, 'close'), late])) as [number | null]
    return { code, printed }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whatever was started here has this HOME, agents and daemons alike.
    await waitFor('everything that was started to be gone', async () => {
      const left = await findMarkedProcesses(`HOME=${this.#folder}`)
      for (const { pid } of left) {
        sendSignal(pid, 'SIGKILL')
      }
      return left.length === 0
    })
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #environment(): Record<string, string> {
    const programs = [
      path.join(projectFolder, 'bin'),
      path.dirname(process.execPath),
      process.env['PATH'] ?? '/usr/bin:/bin',
    ]
    return {
      PATH: programs.join(path.delimiter),
      HOME: this.#folder,
      // What was killed in the middle of something leaves it here, and it goes with the shell.
      TMPDIR: this.#folder,
      LANG: 'C.UTF-8',
      DROVER_HOME: this.home,
    }
  }
}
