import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Readable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { BoxProgram, Daemon } from '../daemon/index.ts'
import { DroverError, toProblem } from '../schema/error.ts'
import { ExecFrame, execStreams, type ExecNotice } from '../schema/exec.ts'
import { limits } from '../schema/limits.ts'
import { FlowControl } from './flow-control.ts'
import { keepAlive } from './keep-alive.ts'
import { parseFrame } from './parse-frame.ts'

/** Codes of a WebSocket's end. */
const closeCodes = { done: 1000, refused: 1008, broken: 1011 }

/** How long a request may be to come, and how long the engine has for a small thing, ms. */
const startMs = 10_000
const askMs = 10_000

export interface ExecVisitor {
  daemon: Daemon
  /** Of the agent. */
  name: string
}

/** Somebody with a program beside an agent, by a WebSocket. What can't be is told as an `error` frame. */
export async function serveExec(
  upgrade: () => Promise<WebSocket | null>,
  visitor: ExecVisitor,
): Promise<Response> {
  const socket = await upgrade()
  if (socket) {
    void new ExecSession(socket, visitor).run()
  }
  return RESPONSE_ALREADY_SENT
}

class ExecSession {
  readonly #socket: WebSocket
  readonly #visitor: ExecVisitor
  readonly #gone = new AbortController()
  readonly #flow = new FlowControl(limits.exec.unacknowledgedBytes)
  readonly #started = Promise.withResolvers<Extract<ExecFrame, { type: 'start' }>['request']>()
  #hasStarted = false
  #program: BoxProgram | null = null
  /** Resolves once more output may be sent. */
  #room = Promise.withResolvers<void>()
  #isPaused = false
  /** Bytes of input that were given to the program, and that came. */
  #taken = 0
  #came = 0

  constructor(socket: WebSocket, visitor: ExecVisitor) {
    this.#socket = socket
    this.#visitor = visitor
    this.#started.promise.catch(() => undefined)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#leave())
    socket.on('message', (data, isBinary) => this.#take(data, isBinary))
    keepAlive(socket)
  }

  /** Until the program has ended, or they leave: then it is ended. */
  async run(): Promise<void> {
    const { daemon, name } = this.#visitor
    // It outlives a visitor that leaves by as long as its end takes.
    const held = new AbortController()
    const late = setTimeout(() => {
      this.#started.reject(new DroverError('timeout', 'start: no frame said what to run.'))
    }, startMs)
    try {
      const request = await this.#started.promise
      const signal = AbortSignal.any([held.signal, daemon.context.signal])
      const program = await daemon.boxes.exec(name, request, signal)
      this.#program = program
      program.stdin.on('error', () => undefined)
      this.#gone.signal.throwIfAborted()
      this.#notify({ type: 'started' })
      await Promise.all([
        this.#tell(program.stdout, execStreams.stdout),
        this.#tell(program.stderr, execStreams.stderr),
      ])
      const code = await program.exitCode(AbortSignal.any([signal, AbortSignal.timeout(askMs)]))
      this.#notify({ type: 'exited', code })
      this.#end(closeCodes.done)
    } catch (error) {
      await this.#abandon(error)
    } finally {
      clearTimeout(late)
      held.abort(new Error('the program is over'))
    }
  }

  async #tell(output: Readable, stream: number): Promise<void> {
    const mark = Buffer.from([stream])
    for await (const chunk of output as AsyncIterable<Buffer>) {
      this.#gone.signal.throwIfAborted()
      this.#socket.send(Buffer.concat([mark, chunk]))
      if (this.#flow.sent(chunk.length) === 'pause') {
        this.#isPaused = true
      }
      if (this.#isPaused) {
        await this.#room.promise
      }
    }
    this.#gone.signal.throwIfAborted()
  }

  #take(data: RawData, isBinary: boolean): void {
    try {
      if (isBinary) {
        this.#takeInput(data as Buffer)
      } else {
        this.#do(parseFrame(ExecFrame, data as Buffer))
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #takeInput(bytes: Buffer): void {
    const program = this.#needProgram()
    this.#came += bytes.length
    if (this.#came - this.#taken > limits.exec.unacknowledgedBytes) {
      throw new DroverError('invalid_request', 'input: more came than was acknowledged.', {
        details: { field: 'input' },
      })
    }
    program.stdin.write(bytes, () => {
      this.#taken += bytes.length
      this.#notify({ type: 'ack', bytes: this.#taken })
    })
  }

  #do(frame: ExecFrame): void {
    if (frame.type === 'start') {
      if (this.#hasStarted) {
        throw new DroverError('invalid_request', 'start: comes once.', {
          details: { field: 'start' },
        })
      }
      this.#hasStarted = true
      this.#started.resolve(frame.request)
      return
    }
    if (frame.type === 'ack') {
      return this.#acknowledge(frame.bytes)
    }
    const program = this.#needProgram()
    const signal = AbortSignal.timeout(askMs)
    const fail = (error: unknown): void => this.#fail(error)
    switch (frame.type) {
      case 'end':
        program.stdin.end()
        return
      case 'resize':
        program.resize({ cols: frame.cols, rows: frame.rows }, signal).catch(fail)
        return
      case 'signal':
        program.kill(frame.signal, signal).catch(fail)
    }
  }

  #acknowledge(bytes: number): void {
    const step = this.#flow.acknowledged(bytes)
    if (step === 'wrong') {
      throw new DroverError('invalid_request', 'bytes: are more than were sent.', {
        details: { field: 'bytes' },
      })
    }
    if (step === 'resume') {
      this.#isPaused = false
      this.#room.resolve()
      this.#room = Promise.withResolvers()
    }
  }

  #needProgram(): BoxProgram {
    if (!this.#program) {
      throw new DroverError('invalid_request', 'start: nothing comes before it has started.', {
        details: { field: 'start' },
      })
    }
    return this.#program
  }

  #notify(notice: ExecNotice): void {
    if (!this.#gone.signal.aborted) {
      this.#socket.send(JSON.stringify(notice))
    }
  }

  /** Ends the visit with what is wrong. */
  #fail(error: unknown): void {
    if (this.#gone.signal.aborted) {
      return
    }
    const known = error instanceof DroverError ? error : this.#unexpected(error)
    this.#notify({ type: 'error', problem: toProblem(known) })
    this.#end(known.code === 'internal' ? closeCodes.broken : closeCodes.refused)
  }

  #unexpected(error: unknown): DroverError {
    this.#visitor.daemon.context.log.error({ err: error }, 'a program beside an agent failed')
    return new DroverError('internal', error instanceof Error ? error.message : String(error))
  }

  /** Nobody has it any more. */
  async #abandon(error: unknown): Promise<void> {
    this.#fail(error)
    const program = this.#program
    if (!program) {
      return
    }
    try {
      await program.kill('TERM', AbortSignal.timeout(askMs))
      // It is asked for as long as a program may take that was told to end.
      if ((await program.exitCode(AbortSignal.timeout(askMs))) === null) {
        await program.kill('KILL', AbortSignal.timeout(askMs))
      }
    } catch (problem) {
      // Its container may have ended before it.
      const { log } = this.#visitor.daemon.context
      log.debug({ err: problem }, 'a program beside an agent could not be ended')
    }
    program.close()
  }

  #end(code: number): void {
    this.#socket.close(code)
    this.#leave()
  }

  #leave(): void {
    const reason = new Error('the visit is over')
    this.#gone.abort(reason)
    this.#started.reject(reason)
    this.#room.resolve()
    // Its output is read no further, whether or not any comes.
    if (this.#program && !this.#program.stdout.readableEnded) {
      this.#program.stdout.destroy(reason)
    }
  }
}
