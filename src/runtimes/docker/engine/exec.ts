import { Writable, type Duplex, type Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { demux, passOn } from './demux.ts'
import { isMissing } from './refusal.ts'
import type { Transport } from './transport.ts'

/** A program to run in a container that runs. */
export interface ExecOptions {
  argv: readonly string[]
  /** Beside the container's own. */
  env?: Readonly<Record<string, string>>
  /** As `uid`, `uid:gid` or a name; left out: the container's. */
  user?: string
  /** Absolute folder inside; left out: the container's. */
  cwd?: string
  isTty?: boolean
  /** Of the terminal, in characters; engines before 23 set it a moment after the program is up. */
  size?: { cols: number; rows: number }
}

/** What the engine knows of a program that it runs so. */
export interface ExecState {
  isRunning: boolean
  /** Null while it runs. */
  exitCode: number | null
  /** As the engine's machine has it; null before it is up. */
  pid: number | null
}

const Created = z.object({ Id: z.string() })
const Inspected = z.object({
  Running: z.boolean(),
  ExitCode: z.number().nullish(),
  Pid: z.number().default(0),
})

/** Brings it up and takes hold of its input and output. */
export async function startExec(
  transport: Transport,
  container: string,
  options: ExecOptions,
  signal: AbortSignal,
): Promise<EngineExec> {
  const { argv, env = {}, user, cwd, isTty = false, size } = options
  const body = {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: !isTty,
    Tty: isTty,
    Cmd: argv,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    User: user,
    WorkingDir: cwd,
  }
  const path = `/containers/${encodeURIComponent(container)}/exec`
  const { Id: id } = await transport.ask({ method: 'POST', path, body, signal }, Created)
  const socket = await transport.hijack({
    method: 'POST',
    path: `/exec/${id}/start`,
    body: { Detach: false, Tty: isTty, ...(size ? { ConsoleSize: [size.rows, size.cols] } : {}) },
    signal,
  })
  const exec = new EngineExec({ transport, id, socket, isTty })
  try {
    if (isTty && size) {
      await exec.resize(size, signal)
    }
    return exec
  } catch (error) {
    exec.close()
    throw error
  }
}

/** Null where the engine knows it no more. */
export async function inspectExec(
  transport: Transport,
  id: string,
  signal: AbortSignal,
): Promise<ExecState | null> {
  try {
    const request = { method: 'GET', path: `/exec/${id}/json`, signal } as const
    const { Running, ExitCode, Pid } = await transport.ask(request, Inspected)
    return { isRunning: Running, exitCode: Running ? null : (ExitCode ?? null), pid: Pid || null }
  } catch (error) {
    if (isMissing(error)) {
      return null
    }
    throw error
  }
}

/** A program that an engine runs in a container, with its input and output. */
export class EngineExec {
  /** The engine's own. */
  readonly id: string
  /** Its end is the end of the program's input. What is written after the program ended goes nowhere. */
  readonly stdin: Writable
  /** With a terminal all of its output. Both must be read: one that is not stops the other. */
  readonly stdout: Readable
  readonly stderr: Readable
  readonly #transport: Transport
  readonly #socket: Duplex

  constructor(held: { transport: Transport; id: string; socket: Duplex; isTty: boolean }) {
    const { transport, id, socket, isTty } = held
    this.id = id
    this.#transport = transport
    this.#socket = socket
    this.stdin = inputOf(socket)
    const { stdout, stderr } = isTty ? passOn(socket) : demux(socket)
    this.stdout = stdout
    this.stderr = stderr
  }

  /** Of its terminal. One that has ended meanwhile has no size. */
  async resize(size: { cols: number; rows: number }, signal: AbortSignal): Promise<void> {
    const query = { h: size.rows, w: size.cols }
    const path = `/exec/${this.id}/resize`
    try {
      await this.#transport.askText({ method: 'POST', path, query, signal })
    } catch (error) {
      if ((await inspectExec(this.#transport, this.id, signal))?.isRunning) {
        throw error
      }
    }
  }

  /**
   * How it ended, asked for after the end of its output. Null where the engine can't say: it was
   * started again meanwhile, or the program goes on without its output.
   */
  async exitCode(signal: AbortSignal): Promise<number | null> {
    // The engine closes the connection a little before it knows.
    for (let pauseMs = 1; pauseMs < longestPauseMs; pauseMs *= 2) {
      const state = await inspectExec(this.#transport, this.id, signal)
      if (!state?.isRunning) {
        return state?.exitCode ?? null
      }
      await pause(pauseMs, undefined, { signal })
    }
    return null
  }

  /** Lets go of it. The program goes on, without input, unless it minds that nobody reads its output. */
  close(): void {
    this.#socket.destroy()
    this.stdin.destroy()
  }
}

const longestPauseMs = 2000

function inputOf(socket: Duplex): Writable {
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (socket.writable) {
        socket.write(chunk, () => done())
      } else {
        done()
      }
    },
    final: (done) => {
      socket.end()
      done()
    },
  })
  return stdin
}
