import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { RawData, WebSocket } from 'ws'
import {
  awaitTokenEnd,
  type Daemon,
  type Visit,
  type VisitEvent,
  type VisitOptions,
} from '../daemon/index.ts'
import { DroverError, toProblem, type Problem } from '../schema/error.ts'
import { TerminalRequest, type TerminalNotice, type TerminalSize } from '../schema/terminal.ts'
import type { Caller } from './access.ts'
import { FlowControl } from './flow-control.ts'
import { keepAlive } from './keep-alive.ts'
import { parseFrame } from './parse-frame.ts'

/** Codes of a WebSocket's end. */
const closeCodes = { done: 1000, ending: 1001, refused: 1008, broken: 1011, elsewhere: 4001 }

/** More than the largest screen and all that may be under way beside it, bytes. */
const mostBufferedBytes = 64 * 1024 * 1024

export interface TerminalVisitor {
  daemon: Daemon
  caller: Caller
  /** Takes them in. */
  enter: (options: VisitOptions) => Promise<Visit>
  size: TerminalSize
  isReadOnly: boolean
  /** Nothing is woken for them. */
  isBack: boolean
}

/**
 * Somebody at a terminal by a WebSocket. What was asked wrongly or can't be is told as an `error`
 * frame, for a browser sees nothing else of a refusal.
 */
export async function serveTerminal(
  upgrade: () => Promise<WebSocket | null>,
  visitor: TerminalVisitor,
): Promise<Response> {
  const socket = await upgrade()
  if (socket) {
    void new TerminalSession(socket, visitor).run()
  }
  return RESPONSE_ALREADY_SENT
}

class TerminalSession {
  readonly #socket: WebSocket
  readonly #visitor: TerminalVisitor
  readonly #gone = new AbortController()
  readonly #flow = new FlowControl()
  #visit: Visit | null = null
  /** A screen was asked for that has not come yet. */
  #isDrawing = false

  constructor(socket: WebSocket, visitor: TerminalVisitor) {
    this.#socket = socket
    this.#visitor = visitor
    socket.on('error', () => undefined)
    socket.once('close', () => this.#gone.abort(new Error('the visitor is gone')))
    socket.on('message', (data, isBinary) => this.#take(data, isBinary))
    keepAlive(socket)
  }

  /** Until they leave, or the agent is removed. */
  async run(): Promise<void> {
    const { daemon, caller, enter, size, isReadOnly, isBack } = this.#visitor
    const { signal } = this.#gone
    // What they say before they are in is heard once they are.
    this.#socket.pause()
    try {
      const isSelf = caller.kind === 'agent'
      const options = { size, isReadOnly, isBack, isSelf, signal }
      const visit = await enter(options)
      this.#visit = visit
      this.#socket.resume()
      if (caller.kind === 'agent') {
        awaitTokenEnd(daemon.context, caller.id, signal).then(
          () => this.#end(closeCodes.done),
          () => undefined,
        )
      }
      this.#notify({ type: 'attached', agent: visit.agent, isReadOnly, ...this.#returnTicket() })
      await visit.stay((event) => this.#tell(event))
      this.#end(closeCodes.done)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A page that came by a ticket has no other way to come back. */
  #returnTicket(): { ticket?: string } {
    const { daemon, caller } = this.#visitor
    if (caller.kind !== 'visitor') {
      return {}
    }
    const { ticket, start } = daemon.terminals.tickets.issueReturn(caller, () =>
      this.#end(closeCodes.elsewhere),
    )
    this.#gone.signal.addEventListener('abort', start, { once: true })
    return { ticket }
  }

  #tell(event: VisitEvent): void {
    switch (event.type) {
      case 'screen':
        this.#isDrawing = false
        this.#notify({ type: 'screen', ...event.size })
        this.#send(event.bytes)
        return
      case 'output':
        this.#send(event.bytes)
        return
      case 'resized':
        this.#notify({ type: 'resized', ...event.size })
        return
      case 'gone':
        this.#isDrawing = false
        this.#notify(event)
        return
      default:
        this.#notify(event)
    }
  }

  #send(bytes: Uint8Array): void {
    this.#socket.send(bytes)
    if (this.#flow.sent(bytes.length) === 'pause') {
      this.#visit?.pause()
    }
  }

  /** Notices are not acknowledged: who asks for many and reads none is let go. */
  #notify(notice: TerminalNotice): void {
    if (this.#socket.bufferedAmount > mostBufferedBytes) {
      this.#socket.terminate()
    } else {
      this.#socket.send(JSON.stringify(notice))
    }
  }

  #take(data: RawData, isBinary: boolean): void {
    if (isBinary) {
      this.#visit?.write(data as Buffer)
      return
    }
    try {
      this.#do(parseFrame(TerminalRequest, data as Buffer))
    } catch (error) {
      this.#fail(error)
    }
  }

  #do(request: TerminalRequest): void {
    switch (request.type) {
      case 'resize':
        this.#visit?.resize({ cols: request.cols, rows: request.rows })
        return
      case 'redraw':
        // One is on its way at most: screens that wait for a slow one are large.
        if (!this.#isDrawing) {
          this.#isDrawing = true
          this.#visit?.redraw()
        }
        return
      case 'wake':
        this.#visit?.wake().catch((error: unknown) => {
          this.#notify({ type: 'refused', problem: this.#problemOf(error) })
        })
        return
      case 'ack': {
        const step = this.#flow.acknowledged(request.bytes)
        if (step === 'wrong') {
          throw new DroverError('invalid_request', 'bytes: are more than were sent.', {
            details: { field: 'bytes' },
          })
        }
        if (step === 'resume') {
          this.#visit?.resume()
        }
      }
    }
  }

  #fail(error: unknown): void {
    if (this.#gone.signal.aborted) {
      return
    }
    const problem = this.#problemOf(error)
    this.#notify({ type: 'error', problem })
    this.#end(problem.code === 'internal' ? closeCodes.broken : closeCodes.refused)
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof DroverError) {
      return toProblem(error)
    }
    this.#visitor.daemon.context.log.error({ err: error }, 'a terminal failed')
    const message = error instanceof Error ? error.message : String(error)
    return toProblem(new DroverError('internal', message))
  }

  #end(code: number): void {
    // A farewell is heard only by one who listens.
    this.#socket.resume()
    this.#socket.close(code)
    this.#gone.abort(new Error('the visit is over'))
  }
}
