import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { BenchDaemon, type DaemonOptions } from './bench-daemon.ts'

/** What one row makes: a folder, processes, daemons. Disposing of it leaves none of them. */
export class Scratch implements AsyncDisposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'drover-bench-'))
  readonly #children = new Set<ChildProcess>()
  readonly #daemons: BenchDaemon[] = []

  /** A file in the folder. */
  file(name: string): string {
    return path.join(this.folder, name)
  }

  /** A daemon of the build, on a home of its own. */
  async startDaemon(options: DaemonOptions = {}): Promise<BenchDaemon> {
    const daemon = new BenchDaemon(mkdtempSync(path.join(this.folder, 'home-')), options)
    this.#daemons.push(daemon)
    await daemon.up()
    return daemon
  }

  spawn(argv: readonly [string, ...string[]], options: SpawnOptions): ChildProcess {
    const child = spawn(argv[0], argv.slice(1), options)
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  /** Runs a program to its end; returns what it said. Throws when it fails. */
  async run(argv: readonly [string, ...string[]], options: SpawnOptions = {}): Promise<string> {
    const child = this.spawn(argv, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) {
      throw new Error(`${argv.join(' ')} ended with ${code}.`)
    }
    return Buffer.concat(chunks).toString()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons) {
      await daemon.destroy()
    }
    for (const child of this.#children) {
      child.kill('SIGKILL')
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Resident memory of a process, MB. Source: proc(5). */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

/** Clock ticks of 10 ms that a process has used so far. Source: proc(5), fields 14 and 15. */
export function cpuTicks(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
