import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type * as Clients from '../src/client/index.ts'
import type { DaemonStatus } from '../src/schema/reports.ts'
import { built, root } from './places.ts'

const { createClient } = (await import(built('client/index.js'))) as typeof Clients

export interface DaemonOptions {
  /** Text of config.yaml, besides the port. */
  config?: string
  /** On top of ours. */
  env?: Readonly<Record<string, string>>
}

/** The built daemon, started as people start it, in a process of its own. */
export class BenchDaemon {
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  client!: Clients.Client
  status!: DaemonStatus
  #starting: Promise<void> | null = null
  #isDestroyed = false

  constructor(home: string, { config = '', env: more = {} }: DaemonOptions) {
    this.home = home
    const { DROVER_HOME: _, ...env } = process.env
    this.env = { ...env, ...more, DROVER_HOME: home }
    writeFileSync(path.join(home, 'config.yaml'), `port: 0\n${config}`)
  }

  get pid(): number {
    return this.status.pid
  }

  get database(): string {
    return path.join(this.home, 'drover.db')
  }

  /** Ready when it resolves. */
  async up(): Promise<void> {
    if (this.#isDestroyed) {
      throw new Error('The row is over.')
    }
    this.#starting = this.#start()
    await this.#starting
  }

  async #start(): Promise<void> {
    const { stdout } = await this.drover('up', '--detach', '--json')
    this.status = JSON.parse(stdout) as DaemonStatus
    this.client = this.connect()
  }

  /** A client of its own, to be closed by whom it is for; the daemon need not be up yet, if it once was. */
  connect(): Clients.Client {
    return createClient({ socket: this.status.socket })
  }

  /** One command of the command line, as its users start it. */
  async drover(...args: string[]): Promise<{ stdout: string }> {
    return await promisify(execFile)(path.join(root, 'bin/drover'), args, {
      env: this.env,
      maxBuffer: 2 ** 27,
    })
  }

  /** A live agent that runs a program. */
  async run(name: string, argv: readonly string[]): Promise<string> {
    const agent = await this.client.run(
      { template: 'command', name, program: [...argv] },
      { waitSeconds: 30 },
    )
    return agent.run ?? ''
  }

  runFile(run: string, name: 'out' | 'in'): string {
    return path.join(this.home, 'runs', run, name)
  }

  /** Ends it in mid-air; its agents live on. */
  async kill(): Promise<void> {
    this.client.close()
    process.kill(this.pid, 'SIGKILL')
    await this.#awaitEnd()
  }

  /** Ends it in good order; with `agents` their runs too. */
  async down({ agents }: { agents: boolean }): Promise<void> {
    await this.client.shutdown({ agents, deadlineMs: 60_000 })
    this.client.close()
    await this.#awaitEnd()
  }

  /** Ends it and everything it started. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true
    try {
      // A row that was given up may be starting it right now.
      await this.#starting
      await this.kill()
    } catch {
      // it is gone already
    }
    for (let left = this.#marked(); left.length > 0; left = this.#marked()) {
      for (const pid of left) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // it went by itself
        }
      }
      await sleep(20)
    }
  }

  #marked(): number[] {
    return (this.status as DaemonStatus | undefined) ? markedProcesses(this.status.instance) : []
  }

  async #awaitEnd(): Promise<void> {
    while (isAlive(this.pid)) {
      await sleep(2)
    }
  }
}

/** Every process that carries the mark of a home. */
export function markedProcesses(instance: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(
          `DROVER_INSTANCE=${instance}\0`,
        )
      } catch {
        return false
      }
    })
    .map(Number)
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
