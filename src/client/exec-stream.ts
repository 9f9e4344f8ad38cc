import { fromProblem } from '../schema/error.ts'
import type { ExecFrame, ExecNotice, ExecRequestInput, ExecSignal } from '../schema/exec.ts'
import { limits } from '../schema/limits.ts'
import type { TerminalSize } from '../schema/terminal.ts'
import { acknowledgeEvents } from './acknowledge-events.ts'
import { FrameSocket, lost } from './frame-socket.ts'
import type { Transport } from './transport.ts'

/** What a program beside an agent says, in order; `exited` is the last. */
export type ExecEvent =
  /** With a terminal there is `stdout` only. */
  | { type: 'stdout' | 'stderr'; bytes: Uint8Array }
  /** Null: nobody can tell how it ended. */
  | { type: 'exited'; code: number | null }

const { unacknowledgedBytes } = limits.exec

/** So much is dealt with before the server is told, bytes. */
const ackBytes = unacknowledgedBytes / 8

/** As `execStreams` of the schema has it, which would bring zod along. */
const errorStream = 2

/**
 * A program beside an agent. Iterated once: what was given counts as dealt with when the next event
 * is asked for, and no more is sent than that allows. Throws why it could not be run, `daemon_unreachable`
 * when the connection is lost, or the signal's reason. Whoever leaves earlier ends it.
 */
export class ExecStream implements AsyncIterable<ExecEvent> {
  readonly #connection: ExecConnection

  private constructor(connection: ExecConnection) {
    this.#connection = connection
  }

  /** Resolves once the program runs. */
  static async open(
    transport: Transport,
    path: string,
    request: ExecRequestInput,
    signal: AbortSignal | undefined,
  ): Promise<ExecStream> {
    const connection = new ExecConnection(transport, { path, signal })
    connection.request = request
    await connection.started.promise
    return new ExecStream(connection)
  }

  /** Gives it input; resolves once more can be taken. What comes after its end is lost. */
  async write(input: Uint8Array | string): Promise<void> {
    const bytes = Buffer.from(input)
    for (let at = 0; at < bytes.length; at += limits.terminal.frameBytes) {
      await this.#connection.type(bytes.subarray(at, at + limits.terminal.frameBytes))
    }
  }

  /** No more input will come. */
  end(): void {
    this.#connection.say({ type: 'end' })
  }

  resize({ cols, rows }: TerminalSize): void {
    this.#connection.say({ type: 'resize', cols, rows })
  }

  signal(signal: ExecSignal): void {
    this.#connection.say({ type: 'signal', signal })
  }

  /** Leaves, which ends it. */
  close(): void {
    this.#connection.close()
  }

  [Symbol.asyncIterator](): AsyncGenerator<ExecEvent, void, undefined> {
    return acknowledgeEvents(this.#connection, ackBytes, (bytes) => {
      this.#connection.say({ type: 'ack', bytes })
    })
  }
}

class ExecConnection extends FrameSocket<ExecEvent> {
  readonly started = Promise.withResolvers<void>()
  request: ExecRequestInput = { argv: [] }
  #sent = 0
  #taken = 0
  #isOver = false
  #room = Promise.withResolvers<void>()

  say(frame: Exclude<ExecFrame, { type: 'start' }>): void {
    this.send(JSON.stringify(frame))
  }

  async type(bytes: Uint8Array): Promise<void> {
    while (!this.#isOver && this.#sent - this.#taken + bytes.length > unacknowledgedBytes) {
      await this.#room.promise
    }
    this.#sent += bytes.length
    this.send(bytes)
  }

  protected override opened(): void {
    this.send(JSON.stringify({ type: 'start', request: this.request }))
  }

  protected override takeBytes(frame: Buffer): void {
    const type = frame[0] === errorStream ? 'stderr' : 'stdout'
    this.push({ type, bytes: frame.subarray(1) })
  }

  protected override takeNotice(value: unknown): void {
    const notice = value as ExecNotice
    switch (notice.type) {
      case 'started':
        this.started.resolve()
        return
      case 'ack':
        this.#taken = notice.bytes
        this.#makeRoom()
        return
      case 'exited':
        this.push(notice)
        return
      case 'error':
        this.fail(fromProblem(notice.problem))
    }
  }

  protected override over(cause: unknown): void {
    this.#isOver = true
    this.#makeRoom()
    this.started.promise.catch(() => undefined)
    this.started.reject(cause ?? lost('ended the connection'))
  }

  #makeRoom(): void {
    this.#room.resolve()
    this.#room = Promise.withResolvers()
  }
}
