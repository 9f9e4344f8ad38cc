import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import { findMarkedProcesses, sendSignal } from '../../../util/process-identity.ts'
import { waitUntil } from '../../../util/wait.ts'
import { encodeRunnerLine, parseObject } from '../protocol.ts'
import type { PrintedLine, ProgramEnd, Stretch } from './transcript.ts'

/** Most that is read of a program, characters of stdout; one that prints on is ended. */
const mostPrinted = 16 * 1024 * 1024
const keptStderr = 4096
/** How long what a program printed may come after it is gone, through a child that holds the pipe, ms. */
const drainMs = 500
/** How long what it started may take to end after it, ms. */
const leftoverMs = 500

export interface RunnerStart {
  argv: readonly [string, ...string[]]
  dir: string
  env: Readonly<Record<string, string>>
  /** In its environment, and so in that of all it starts: `NAME=value`. */
  mark: string
  signal: AbortSignal
}

/**
 * A program under check, on plain pipes, in a process group of its own. It is told what the check
 * does, and each question that it asks is denied at once.
 */
export class RunnerProcess {
  readonly lines: PrintedLine[] = []
  /** What it printed after its last newline. */
  rest = ''
  stderr = ''
  end: ProgramEnd | null = null
  readonly #child: ChildProcessWithoutNullStreams
  readonly #start: RunnerStart
  readonly #listeners = new Set<() => void>()
  readonly #gone = Promise.withResolvers<void>()
  #printed = 0

  constructor(start: RunnerStart) {
    this.#start = start
    const [program, ...args] = start.argv
    this.#child = spawn(program, args, {
      cwd: start.dir,
      env: { ...start.env },
      stdio: 'pipe',
      detached: true,
    })
    this.#child.stdin.on('error', () => undefined)
    const decoder = new StringDecoder('utf8')
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(decoder.write(chunk)))
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-keptStderr)
    })
    this.#child.once('error', ({ message }) => this.#close({ code: null, signal: null }, message))
    this.#child.once('close', (code, signal) => this.#close({ code, signal }))
    this.#child.once('exit', (code, signal) => {
      setTimeout(() => this.#close({ code, signal }), drainMs).unref()
    })
  }

  write(input: string | Uint8Array): void {
    this.#child.stdin.write(input)
  }

  /** No more input will come. */
  endInput(): void {
    this.#child.stdin.end()
  }

  /** What it says from line `from` on, until that is enough, the time is over, or it is gone. */
  async follow(
    from: number,
    isEnough: (lines: readonly PrintedLine[]) => boolean,
    deadlineMs: number,
  ): Promise<Stretch> {
    const startedAt = performance.now()
    const { promise, resolve, reject } = Promise.withResolvers<Stretch['outcome']>()
    const look = (): void => {
      if (isEnough(this.lines.slice(from))) {
        resolve('seen')
      } else if (this.end) {
        resolve('gone')
      }
    }
    const abort = (): void => reject(this.#start.signal.reason as Error)
    const timer = setTimeout(() => resolve('late'), deadlineMs)
    this.#listeners.add(look)
    this.#start.signal.addEventListener('abort', abort)
    try {
      this.#start.signal.throwIfAborted()
      look()
      const outcome = await promise
      const tookMs = performance.now() - startedAt
      return { lines: this.lines.slice(from), outcome, tookMs, end: this.end, stderr: this.stderr }
    } finally {
      clearTimeout(timer)
      this.#listeners.delete(look)
      this.#start.signal.removeEventListener('abort', abort)
    }
  }

  /** What it started and left behind when it was gone; asked of the system, where that tells. */
  async leftovers(): Promise<string[]> {
    const alive = async () => await findMarkedProcesses(this.#start.mark)
    await waitUntil(async () => (await alive()).length === 0, { deadlineMs: leftoverMs })
    return (await alive()).map(({ command, pid }) => `${command} (pid ${pid})`)
  }

  /** Ends it with all that it started; resolves when nothing of it lives. */
  async kill(): Promise<void> {
    const { pid } = this.#child
    // What a process that is gone left behind is found by its mark; not every system tells marks.
    if (pid !== undefined && (!this.end || process.platform !== 'linux')) {
      sendSignal(-pid, 'SIGKILL')
    }
    await waitUntil(
      async () => {
        const left = await findMarkedProcesses(this.#start.mark)
        left.forEach((each) => sendSignal(each.pid, 'SIGKILL'))
        return left.length === 0
      },
      { deadlineMs: 5000 },
    )
    await this.#gone.promise
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
  }

  #read(text: string): void {
    this.#printed += text.length
    if (this.#printed > mostPrinted) {
      this.stderr = `it printed more than ${mostPrinted} characters and was ended`
      this.#child.kill('SIGKILL')
      return
    }
    const pieces = (this.rest + text).split('\n')
    this.rest = pieces.pop() ?? ''
    for (const piece of pieces) {
      this.#take({ text: piece, value: parseObject(piece) })
    }
    this.#listeners.forEach((look) => look())
  }

  #take(line: PrintedLine): void {
    this.lines.push(line)
    const { type, id } = line.value ?? {}
    if (type === 'agent_question' && typeof id === 'string') {
      const message = 'This is a check; nothing is allowed in it.'
      this.write(
        encodeRunnerLine({ type: 'answer', id, allow: false, for_session: false, message }),
      )
    }
  }

  #close(end: ProgramEnd, words = ''): void {
    if (!this.end) {
      this.end = end
      this.stderr += words
      this.#gone.resolve()
      this.#listeners.forEach((look) => look())
    }
  }
}
