import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '../../src/client/index.ts'
import type { DaemonStatus } from '../../src/schema/reports.ts'
import { findGroups } from '../../src/runtimes/limits/find-groups.ts'
import { removeGroup } from '../../src/runtimes/limits/release-group.ts'
import { resolveHome, type Home } from '../../src/util/home.ts'
import {
  findMarkedProcesses,
  sendSignal,
  type MarkedProcess,
} from '../../src/util/process-identity.ts'
import { waitUntil } from '../../src/util/wait.ts'
import { createTemporaryFolder } from './temporary-folder.ts'
import { waitFor } from './wait-for.ts'

/** The checkout's own program, run from source. */
export const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface TestDaemonOptions {
  /** A folder that the caller made and removes; left out: a fresh one that goes with the daemon. */
  home?: string
  /** What config.yaml says, beside `port: 0`. */
  config?: Record<string, unknown>
  /** On top of a small, clean environment. */
  env?: Record<string, string>
  /** On top of `up --json`. */
  args?: string[]
  /** What starts it: a program that becomes the one in its further arguments. */
  launcher?: readonly [string, ...string[]]
  /** What runs it; left out: the checkout's own program. */
  main?: string
  /** The test means to leave nothing alive: what carries the home's mark at the end is an error. */
  isLeftClean?: boolean
}

export interface DaemonExit {
  code: number | null
  signal: NodeJS.Signals | null
}

interface Process {
  child: ChildProcess
  exited: Promise<DaemonExit>
  status: DaemonStatus
  stderr: () => string
}

/** Starts a daemon from source as a process of its own; resolves once it takes requests. */
export async function startTestDaemon(options: TestDaemonOptions = {}): Promise<TestDaemon> {
  const folder = options.home ?? createTemporaryFolder()
  const home = resolveHome({ DROVER_HOME: folder })
  if (!existsSync(home.configFile)) {
    mkdirSync(folder, { recursive: true })
    // Each JSON document is a YAML document.
    writeFileSync(home.configFile, JSON.stringify({ port: 0, ...options.config }))
  }
  return new TestDaemon(home, options, await launch(home, options))
}

/**
 * A daemon that a test may kill. `await using` ends it and every process that carries its home's
 * mark, each by its pid.
 */
export class TestDaemon implements AsyncDisposable {
  readonly home: Home
  readonly client: Client
  readonly #options: TestDaemonOptions
  #process: Process

  constructor(home: Home, options: TestDaemonOptions, process: Process) {
    this.home = home
    this.#options = options
    this.#process = process
    this.client = new Client({ socket: process.status.socket })
  }

  /** What it said of itself when it had started. */
  get status(): DaemonStatus {
    return this.#process.status
  }

  get pid(): number {
    return this.#process.status.pid
  }

  /** Resolves when the process that runs now has ended. */
  get exited(): Promise<DaemonExit> {
    return this.#process.exited
  }

  /** What it said on stderr; a daemon that is well says nothing there. */
  get stderr(): string {
    return this.#process.stderr()
  }

  /** The environment that `drover` of this home is called with. */
  get env(): Record<string, string> {
    return { ...baseEnvironment(this.home), ...this.#options.env }
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<DaemonExit> {
    this.#process.child.kill(signal)
    return await this.exited
  }

  /** Starts the next daemon on the same home, with these options over the first ones; the last one must be gone. */
  async start(changes: Pick<TestDaemonOptions, 'env' | 'args' | 'launcher'> = {}): Promise<void> {
    await this.exited
    this.#process = await launch(this.home, { ...this.#options, ...changes })
  }

  async restart(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.kill(signal)
    await this.start()
  }

  /** Every live process that carries this home's mark. */
  async marked(): Promise<MarkedProcess[]> {
    return await findMarkedProcesses(`DROVER_INSTANCE=${this.status.instance}`)
  }

  /** Kills all that carries this home's mark, in one blow: nobody is left to put another's end on record. */
  async killMarked(): Promise<void> {
    const marked = await this.marked()
    for (const name of ['SIGSTOP', 'SIGKILL'] as const) {
      for (const { pid } of marked) {
        sendSignal(pid, name)
      }
    }
    await waitFor('all of it to be gone', async () => (await this.marked()).length === 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close()
    if (this.#options.isLeftClean) {
      // A run counts as ended by its record; its holder and what is released after it take a moment.
      await waitUntil(async () => (await this.#left()).length === 0, { deadlineMs: 5000 })
    }
    await this.kill()
    const left = await this.#left()
    await waitFor('every marked process to be gone', async () => {
      const marked = await this.marked()
      for (const { pid } of marked) {
        sendSignal(pid, 'SIGKILL')
      }
      return marked.length === 0
    })
    for (const { folder } of await findGroups(this.status.instance)) {
      await removeGroup(folder, AbortSignal.timeout(15_000))
    }
    if (this.#options.home === undefined) {
      rmSync(this.home.folder, { recursive: true, force: true })
    }
    if (this.#options.isLeftClean && left.length > 0) {
      throw new Error(`Left behind: ${left.join(', ')}`)
    }
  }

  /** What carries the home's mark, in words. */
  async #left(): Promise<string[]> {
    const groups = await findGroups(this.status.instance)
    return [
      ...(await this.marked()).map(({ pid, command }) => `${pid} (${command})`),
      ...groups.map(({ folder }) => folder),
    ]
  }
}

/** Compiled code is shared by all daemons of a test run; everything else of them is apart. */
export function baseEnvironment(home: Home): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home.folder,
    LANG: 'C.UTF-8',
    DROVER_HOME: home.folder,
    NODE_COMPILE_CACHE: path.join(tmpdir(), 'drover-test-compiled'),
  }
}

async function launch(
  home: Home,
  { env, args = [], launcher, main = mainFile }: TestDaemonOptions,
): Promise<Process> {
  const [file, ...first] = launcher ? [...launcher, process.execPath] : [process.execPath]
  const child = spawn(file ?? '', [...first, main, 'up', '--json', ...args], {
    cwd: home.folder,
    env: { ...baseEnvironment(home), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit').then(([code, signal]): DaemonExit => ({ code, signal }))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const said = readLine(child)
  const line = await Promise.race([said, exited.then(() => null)])
  if (line === null) {
    const { code, signal } = await exited
    throw new Error(`The daemon did not start (${signal ?? `exit ${code}`}): ${stderr}`)
  }
  return { child, exited, status: JSON.parse(line) as DaemonStatus, stderr: () => stderr }
}

async function readLine({ stdout }: ChildProcess): Promise<string | null> {
  let text = ''
  const { promise, resolve } = Promise.withResolvers<string>()
  stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    const end = text.indexOf('\n')
    if (end >= 0) {
      resolve(text.slice(0, end))
    }
  })
  return await promise
}
