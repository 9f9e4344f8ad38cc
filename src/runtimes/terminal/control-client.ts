import { abortable } from '../../util/abortable.ts'
import { ControlLines } from './control-lines.ts'
import { quoteCommand } from './quote.ts'
import type { TmuxLine } from './tmux-line.ts'

/** What tmux said to one command, line by line. */
export type Reply = readonly Buffer[]

/** tmux refused a command: the session is gone, or has the name already. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** The client is gone, and with it whatever it was asked: it may have been done or not. */
export class GoneError extends Error {
  override readonly name = 'GoneError'
  /** It never reached a server, so nothing was done. */
  readonly isUnsent: boolean

  constructor(cause: string, isUnsent: boolean) {
    super(cause)
    this.isUnsent = isUnsent
  }
}

export interface ControlClientOptions {
  /** What it does first must attach to a session. */
  line: TmuxLine
  /** Told of every notification, `%` and all, in its order among the replies. */
  onNotice?: (line: Buffer) => void
  /** Told once, when nothing follows. */
  onGone?: (cause: string) => void
}

/** Lists of words, each with the name of a command first. */
export type Commands = readonly (readonly (string | Buffer)[])[]

interface Answer {
  onReplies: (replies: readonly Reply[]) => void
  onError: (error: Error) => void
}

interface Question extends Answer {
  /** Replies that are still to come. */
  missing: number
  replies: Reply[]
}

/**
 * A client of tmux in control mode, on pipes: commands go in as lines, and are answered in order.
 * Nothing here waits by itself: who asks brings a signal.
 */
export class ControlClient {
  readonly #options: ControlClientOptions
  readonly #questions: Question[] = []
  #isAttached = false
  /** Commands from before that. */
  #early = ''
  #isGone = false
  #complaint = ''

  constructor(options: ControlClientOptions) {
    this.#options = options
    this.#listen()
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Throws GoneError where it is. */
  throwIfGone(): void {
    if (this.#isGone) {
      throw this.#goneError()
    }
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
  async ask(commands: Commands, signal: AbortSignal): Promise<readonly Reply[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Reply[]>()
    promise.catch(() => undefined)
    this.request(commands, { onReplies: resolve, onError: reject })
    return await abortable(promise, signal)
  }

  /** As `ask`, but told at the very place where the replies are among the notifications. */
  request(commands: Commands, { onReplies, onError }: Answer): void {
    if (this.#isGone) {
      return onError(this.#goneError())
    }
    this.#questions.push({ missing: commands.length, replies: [], onReplies, onError })
    this.#hold()
    this.#send(`${commands.map(quoteCommand).join(' ; ')}\n`)
  }

  /** A line that came before the client is attached would be done in the name of another one. */
  #send(line: string): void {
    if (this.#isAttached) {
      this.#options.line.stdin.write(line)
    } else {
      this.#early += line
    }
  }

  #takeNotice(line: Buffer): void {
    if (!this.#isAttached && line.toString('latin1').startsWith('%session-changed ')) {
      this.#isAttached = true
      this.#send(this.#early)
      this.#early = ''
    }
    this.#options.onNotice?.(line)
  }

  /** No more is read from tmux until `resume`. */
  pause(): void {
    this.#options.line.stdout.pause()
  }

  resume(): void {
    this.#options.line.stdout.resume()
  }

  close(): void {
    this.#options.line.close()
    this.#leave()
  }

  #listen(): void {
    const { line } = this.#options
    const lines = new ControlLines({
      onNotice: (notice) => this.#takeNotice(notice),
      onReply: (reply, isError) => this.#answer(reply, isError),
    })
    line.stdout.on('data', (chunk: Buffer) => lines.take(chunk))
    line.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-1000)
    })
    line.stdin.on('error', () => undefined)
    line.onError((error) => {
      this.#complaint = error.message
      this.#leave()
    })
    // What it complains of last may come after its output has ended.
    let open = 2
    for (const stream of [line.stdout, line.stderr]) {
      stream.once('end', () => --open === 0 && this.close())
    }
    this.#hold()
  }

  /** Who waits for an answer keeps this process up, nobody else does. */
  #hold(): void {
    this.#options.line.hold(this.isBusy)
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
      question.onError(new RefusedError(reply.map(String).join(' ') || 'tmux refused a command'))
    } else if (question.missing === 0) {
      this.#questions.shift()
      question.onReplies(question.replies)
    }
    this.#hold()
  }

  #leave(): void {
    if (this.#isGone) {
      return
    }
    this.#isGone = true
    const error = this.#goneError()
    this.#questions.splice(0).forEach(({ onError }) => onError(error))
    this.#options.onGone?.(error.message)
  }

  #goneError(): GoneError {
    const cause = this.#complaint.trim() || 'the connection to tmux ended'
    return new GoneError(cause, !this.#isAttached)
  }
}
