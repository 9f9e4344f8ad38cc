import type { Problem } from '../schema/error.ts'
import type { TerminalNotice, TerminalRequest, TerminalSize } from '../schema/terminal.ts'

/** How the connection is. Of those after `away`, none comes back by itself. */
export type ConnectionState =
  | { state: 'connecting' }
  | { state: 'open'; isReadOnly: boolean }
  /** The daemon can't be reached; it is being tried. */
  | { state: 'away' }
  /** There is no ticket that opens. `wasHere`: there was one. */
  | { state: 'locked'; wasHere: boolean }
  | { state: 'elsewhere' }
  | { state: 'removed' }
  | { state: 'refused'; problem: Problem }

export interface ConnectionOptions {
  agent: string
  /** The first one; without one it is that of an earlier visit in this tab. */
  ticket: string | null
  /** What the window can show now. */
  size: () => TerminalSize
  onState: (state: ConnectionState) => void
  onNotice: (notice: TerminalNotice) => void
  onBytes: (bytes: Uint8Array) => void
}

const closeCodes = { done: 1000, elsewhere: 4001 }
const firstPauseMs = 250
const longestPauseMs = 5000

/** A paste is sent in pieces; the daemon takes no frame of more than twice this, bytes. */
const frameBytes = 32 * 1024

/** So much is dealt with before the daemon is told, bytes. */
const ackBytes = 64 * 1024

/** The way to one agent's terminal. Each connection brings the ticket for the one after it. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #storageKey: string
  readonly #encoder = new TextEncoder()
  #socket: WebSocket | null = null
  #ticket: string | null
  #isBack = false
  #wasHere = false
  #pauseMs = firstPauseMs
  #done = 0
  #acknowledged = 0
  /** Said why it ends, so its end says nothing more. */
  #isSettled = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#storageKey = `drover:terminal:${options.agent}`
    this.#ticket = options.ticket ?? this.#stored()
    this.#isBack = options.ticket === null
    this.#connect()
  }

  type(keys: string): void {
    this.#send(this.#encoder.encode(keys))
  }

  /** Bytes that are no text, as of some mice. */
  typeBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#send(bytes)
  }

  request(request: TerminalRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(request))
    }
  }

  /** So many bytes more are on the screen. */
  dealtWith(bytes: number): void {
    this.#done += bytes
    if (this.#done - this.#acknowledged >= ackBytes) {
      this.#acknowledged = this.#done
      this.request({ type: 'ack', bytes: this.#done })
    }
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return
    }
    for (let at = 0; at < bytes.length; at += frameBytes) {
      this.#socket.send(bytes.subarray(at, at + frameBytes))
    }
  }

  #connect(): void {
    const { agent, size, onState, onBytes } = this.#options
    if (this.#ticket === null) {
      onState({ state: 'locked', wasHere: this.#wasHere })
      return
    }
    onState({ state: 'connecting' })
    const { cols, rows } = size()
    const query = new URLSearchParams({
      cols: String(cols),
      rows: String(rows),
      back: String(this.#isBack),
      ticket: this.#ticket,
    })
    const socket = new WebSocket(
      `ws://${location.host}/v1/agents/${encodeURIComponent(agent)}/terminal?${query}`,
    )
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#done = 0
    this.#acknowledged = 0
    let wasOpen = false
    socket.addEventListener('open', () => {
      wasOpen = true
      // It opened, so it does so no more.
      this.#keep(null)
    })
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') {
        this.#take(JSON.parse(data) as TerminalNotice)
      } else {
        onBytes(new Uint8Array(data))
      }
    })
    socket.addEventListener('close', ({ code }) => void this.#end(code, wasOpen))
  }

  #take(notice: TerminalNotice): void {
    const { onState, onNotice } = this.#options
    if (notice.type === 'attached') {
      this.#isBack = true
      this.#wasHere = true
      this.#pauseMs = firstPauseMs
      this.#keep(notice.ticket ?? null)
      onState({ state: 'open', isReadOnly: notice.isReadOnly })
    } else if (notice.type === 'error') {
      this.#isSettled = true
      onState({ state: 'refused', problem: notice.problem })
    }
    onNotice(notice)
  }

  async #end(code: number, wasOpen: boolean): Promise<void> {
    const { onState } = this.#options
    if (this.#isSettled) {
      return
    }
    if (code === closeCodes.done || code === closeCodes.elsewhere) {
      this.#keep(null)
      onState({ state: code === closeCodes.done ? 'removed' : 'elsewhere' })
      return
    }
    // A daemon that is there and does not open takes the ticket no more.
    if (!wasOpen && (await isDaemonThere())) {
      this.#keep(null)
      onState({ state: 'locked', wasHere: this.#wasHere })
      return
    }
    onState({ state: 'away' })
    setTimeout(() => this.#connect(), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
  }

  /** This tab has it, and only this one: it outlives a reload of the page. */
  #keep(ticket: string | null): void {
    this.#ticket = ticket
    try {
      if (ticket === null) {
        sessionStorage.removeItem(this.#storageKey)
      } else {
        sessionStorage.setItem(this.#storageKey, ticket)
      }
    } catch {
      // Where nothing can be stored, a reload needs a new address.
    }
  }

  #stored(): string | null {
    try {
      return sessionStorage.getItem(this.#storageKey)
    } catch {
      return null
    }
  }
}

async function isDaemonThere(): Promise<boolean> {
  try {
    return (await fetch('/healthz', { signal: AbortSignal.timeout(5000) })).ok
  } catch {
    return false
  }
}
