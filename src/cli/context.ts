import type {
  DaemonStatus,
  DoctorReport,
  RunnerCheckRequest,
  RunnerReport,
} from '../schema/reports.ts'
import type { Home } from '../util/home.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where text goes: a terminal, a pipe, a file. */
export interface TextSink {
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean
  on(event: 'error' | 'resize', listener: (error: NodeJS.ErrnoException) => void): unknown
  off(event: 'error' | 'resize', listener: (error: NodeJS.ErrnoException) => void): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export type TextSource = AsyncIterable<Uint8Array | string> & {
  readonly isTTY?: boolean | undefined
  /** Of a terminal: keys come as they are pressed, and mean nothing by themselves. */
  setRawMode?(isRaw: boolean): unknown
  on(event: 'data', listener: (chunk: Uint8Array | string) => void): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'data' | 'end', listener: (chunk: Uint8Array | string) => void): unknown
  pause(): unknown
  /** Reads no more; the process need not wait for it. */
  destroy(): unknown
}

export interface StartDaemonOptions {
  home: Home
  env: Environment
  version: string
  /** A person said that a corrupt database may be moved aside. */
  moveAsideCorrupt: boolean
}

/** A daemon in this process. */
export interface RunningDaemon {
  status(): DaemonStatus
  /** Resolves when it has ended, whoever asked for it. */
  closed: Promise<void>
  /** Ends it; agents are left alone. */
  stop(): Promise<void>
}

/** What a detached child tells its parent. */
export type ReadyNotice = { ready: DaemonStatus } | { problem: object }

/** What the commands of services ask about the machine. */
export interface Machine {
  platform: NodeJS.Platform
  /** Who calls. */
  uid: number
  /** Absolute path of `launchctl`, where there is one. */
  launchctl: string
}

/** All that the CLI takes from outside; the composition root makes it, tests make their own. */
export interface CliContext {
  version: string
  home: Home
  env: Environment
  /** Current folder, absolute. */
  cwd: string
  stdin: TextSource
  stdout: TextSink
  stderr: TextSink
  /** argv that starts this program again: Node, then the main file. */
  self: readonly [string, ...string[]]
  /** Left out: the one that this process is on. */
  machine?: Machine
  /** Ends the process at once; for a reader that went away. */
  exit(code: number): void
  /** The way to a parent that waits for a detached daemon; null without one. */
  notifyParent: ((notice: ReadyNotice) => void) | null
  startDaemon(options: StartDaemonOptions): Promise<RunningDaemon>
  /** What `drover doctor` says when no daemon runs. */
  localDoctor(options: { home: Home; env: Environment; version: string }): Promise<DoctorReport>
  /** Puts a program through the runner protocol, for `drover runner check`. */
  checkRunner(request: RunnerCheckRequest): Promise<RunnerReport>
}
