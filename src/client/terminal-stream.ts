import type { AgentStatus } from '../schema/agent.ts'
import type { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { TerminalNotice, TerminalRequest, TerminalSize } from '../schema/terminal.ts'
import { acknowledgeEvents } from './acknowledge-events.ts'

export interface TerminalOptions {
  /** What it is looked at with. */
  size: TerminalSize
  /** Look only: nothing can be typed, and the size counts for nothing. */
  isReadOnly?: boolean | undefined
  /** They were here before, and their connection was lost: nothing is woken for that. */
  isBack?: boolean | undefined
  /** Ends the connection, before it stands and later. */
  signal?: AbortSignal | undefined
}

/** What happens at an agent's terminal, in order. */
export type TerminalEvent =
  /** Bytes that draw all that is there, on a terminal that was just reset. What follows goes on from it. */
  | { type: 'screen'; bytes: Uint8Array; size: TerminalSize }
  | { type: 'output'; bytes: Uint8Array }
  | { type: 'resized'; size: TerminalSize }
  /** How the agent is: at first, and whenever that changes. */
  | { type: 'status'; status: AgentStatus; cause: string | null }
  /** Its program is gone; whoever stays gets a `screen` when it is up again. */
  | { type: 'gone'; cause: string }
  /** What was asked for could not be done: a `wake`, for one. */
  | { type: 'refused'; error: DroverError }

/** So much is dealt with before the server is told, bytes. */
const ackBytes = limits.terminal.unacknowledgedBytes / 8

/** One connection to a terminal. */
export interface TerminalConnection {
  /** The next event; null at the end. Throws why it was lost or ended. */
  next(): Promise<TerminalEvent | null>
  type(keys: Uint8Array): void
  request(request: TerminalRequest): void
  close(): void
}

/**
 * Somebody at an agent's terminal. Iterated once: what was given counts as dealt with when the next
 * event is asked for, and no more is sent than that allows. Ends when it is closed or the agent is
 * removed. Throws `daemon_unreachable` when the connection is lost, the signal's reason, or why it
 * was ended. Events are kept from the beginning on, whenever iteration begins.
 */
export class TerminalStream implements AsyncIterable<TerminalEvent> {
  /** The agent's name. */
  readonly agent: string
  /** What is typed goes nowhere. */
  readonly isReadOnly: boolean
  readonly #connection: TerminalConnection

  constructor(
    connection: TerminalConnection,
    { agent, isReadOnly }: Pick<Attached, 'agent' | 'isReadOnly'>,
  ) {
    this.#connection = connection
    this.agent = agent
    this.isReadOnly = isReadOnly
  }

  /** Types it. While no program is there it is lost. */
  write(keys: Uint8Array | string): void {
    const bytes = Buffer.from(keys)
    for (let at = 0; at < bytes.length; at += limits.terminal.frameBytes) {
      this.#connection.type(bytes.subarray(at, at + limits.terminal.frameBytes))
    }
  }

  resize({ cols, rows }: TerminalSize): void {
    this.#connection.request({ type: 'resize', cols, rows })
  }

  /** Asks for the screen anew. */
  redraw(): void {
    this.#connection.request({ type: 'redraw' })
  }

  /** Brings the agent up, where it sleeps. */
  wake(): void {
    this.#connection.request({ type: 'wake' })
  }

  /** Leaves; the agent goes on. */
  close(): void {
    this.#connection.close()
  }

  [Symbol.asyncIterator](): AsyncGenerator<TerminalEvent, void, undefined> {
    return acknowledgeEvents(this.#connection, ackBytes, (bytes) => {
      this.#connection.request({ type: 'ack', bytes })
    })
  }
}

/** The first that is told. */
export type Attached = Extract<TerminalNotice, { type: 'attached' }>
