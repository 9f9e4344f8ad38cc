import { spawn, type ChildProcess } from 'node:child_process'
import { abortable } from '../../util/abortable.ts'
import { ControlLines } from './control-lines.ts'
import { quoteCommand } from './quote.ts'

const livePids = new Set<number>()

/** Whether a client of tmux was started by this process and has not ended. */
export function isOwnClient(pid: number): boolean {
  return livePids.has(pid)
}

/** What tmux said to one command, line by line. */
export type Reply = readonly Buffer[]

/** tmux refused a command: the session is gone, or has the name already. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** The client is gone, and with it whatever it was asked: it may have been done or not. */
export class GoneError extends Error {
  override readonly name = 'GoneError'
}

export interface ControlClientOptions {
  /** Absolute path of tmux. */
  program: string
  socket: string
  /** What the client does first; it must attach to a session. */
  command: readonly (readonly string[])[]
  env: Readonly<Record<string, string>>
  /** Starts the server where none is. */
  canStart: boolean
  /** Told of every notification, `%` and all, in its order among the replies. */
  onNotice?: (line: Buffer) => void
  /** Told once, when nothing follows. */
  onGone?: (cause: string) => void
}

type Holding = { ref?: () => void; unref?: () => void } | null

interface Question {
  /** Replies that are still to come. */
  missing: number
  replies: Reply[]
  resolve: (replies: readonly Reply[]) => void
  reject: (error: Error) => void
}

/**
 * A client of tmux in control mode, on pipes: commands go in as lines, and are answered in order.
 * Nothing here waits by itself: who asks brings a signal.
 */
export class ControlClient {
  readonly #child: ChildProcess
  readonly #options: ControlClientOptions
  readonly #questions: Question[] = []
  #isGone = false
  #complaint = ''

  constructor(options: ControlClientOptions) {
    this.#options = options
    const { program, socket, command, env, canStart } = options
    const words = command.flatMap((each, index) => (index > 0 ? [';', ...each] : each))
    const mode = ['-S', socket, '-f', '/dev/null', '-u', '-C', ...(canStart ? [] : ['-N'])]
    this.#child = spawn(program, [...mode, ...words], {
      cwd: '/',
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#listen()
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Somebody waits for an answer. */
  get isBusy(): boolean {
    return this.#questions.length > 0
  }

  /**
   * Does the commands one after the other, with nothing in between; resolves with a reply for each.
   * Rejects with RefusedError at the first that is refused, and does not do the rest; with GoneError
   * when the client ends; with the signal's reason, though they may be done all the same.
   */
  async ask(
    commands: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<readonly Reply[]> {
    if (this.#isGone) {
      throw new GoneError(this.#cause())
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly Reply[]>()
    promise.catch(() => undefined)
    this.#questions.push({ missing: commands.length, replies: [], resolve, reject })
    this.#hold()
    this.tell(commands)
    return await abortable(promise, signal)
  }

  /** Writes a line of commands that `ask` has announced, or that nobody waits for. */
  tell(commands: readonly (readonly string[])[]): void {
    this.#child.stdin?.write(`${commands.map(quoteCommand).join(' ; ')}\n`)
  }

  /** No more is read from tmux until `resume`. */
  pause(): void {
    this.#child.stdout?.pause()
  }

  resume(): void {
    this.#child.stdout?.resume()
  }

  close(): void {
    this.#child.stdin?.end()
    this.#child.kill('SIGKILL')
  }

  #listen(): void {
    const child = this.#child
    livePids.add(child.pid ?? 0)
    const lines = new ControlLines({
      onNotice: (line) => this.#options.onNotice?.(line),
      onReply: (reply, isError) => this.#answer(reply, isError),
    })
    child.stdout?.on('data', (chunk: Buffer) => lines.take(chunk))
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-1000)
    })
    child.stdin?.on('error', () => undefined)
    child.once('error', (error) => {
      this.#complaint = error.message
      this.#leave()
    })
    child.once('close', () => this.#leave())
    this.#hold()
  }

  /** Who waits for an answer keeps this process up, nobody else does. */
  #hold(): void {
    const { stdin, stdout, stderr } = this.#child
    for (const part of [this.#child, stdin, stdout, stderr] as Holding[]) {
      if (this.isBusy) {
        part?.ref?.()
      } else {
        part?.unref?.()
      }
    }
  }

  #answer(reply: Reply, isError: boolean): void {
    const [question] = this.#questions
    if (!question) {
      return
    }
    question.replies.push(reply)
    question.missing--
    if (isError) {
      this.#questions.shift()
      question.reject(new RefusedError(reply.map(String).join(' ') || 'tmux refused a command'))
    } else if (question.missing === 0) {
      this.#questions.shift()
      question.resolve(question.replies)
    }
    this.#hold()
  }

  #leave(): void {
    if (this.#isGone) {
      return
    }
    this.#isGone = true
    livePids.delete(this.#child.pid ?? 0)
    const cause = this.#cause()
    this.#questions.splice(0).forEach(({ reject }) => reject(new GoneError(cause)))
    this.#options.onGone?.(cause)
  }

  #cause(): string {
    return this.#complaint.trim() || 'the connection to tmux ended'
  }
}
