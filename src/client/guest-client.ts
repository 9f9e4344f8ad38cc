import type { Guest, GuestRequestInput } from '../schema/guest.ts'
import { agentPath, withDeadline, type CallOptions, type WaitOptions } from './call-options.ts'
import type { TerminalOptions, TerminalStream } from './terminal-stream.ts'
import type { Call, Transport } from './transport.ts'

/** Bringing a terminal up may take a while where the machine is busy, ms. */
const startMs = 90_000

/** Terminals beside agents: `client.guests`. */
export class GuestClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Makes one; it runs when this resolves, and goes on until its program ends, its time is over or
   * somebody ends it. Errors: `agent_not_found`, `agent_stopped`, `too_many_guests`, `invalid_dir`,
   * `program_not_found`, `runtime_unavailable`, `start_failed`, `box_asleep`, `unsupported`.
   */
  open(agent: string, request: GuestRequestInput = {}, options?: CallOptions): Promise<Guest> {
    const path = `${agentPath(agent)}/guests`
    return this.#call({ method: 'POST', path, body: request }, { deadlineMs: startMs, ...options })
  }

  /** Those that have not ended, the oldest first. */
  list({ agent, ...options }: CallOptions & { agent?: string | undefined } = {}): Promise<Guest[]> {
    return this.#call({ method: 'GET', path: '/v1/guests', query: { agent } }, options)
  }

  /** Errors: `guest_not_found`, also for one that has ended. */
  show(id: string, options?: CallOptions): Promise<Guest> {
    return this.#call({ method: 'GET', path: guestPath(id) }, options)
  }

  /** Ends it: TERM, then KILL. With `waitSeconds` once it is gone. Errors: `guest_not_found`. */
  async end(id: string, options: WaitOptions = {}): Promise<void> {
    const query = { wait: options.waitSeconds }
    await this.#call({ method: 'DELETE', path: guestPath(id), query }, options)
  }

  /** Comes to its terminal. The stream ends when the guest has ended. Errors: `guest_not_found`. */
  async terminal(id: string, options: TerminalOptions): Promise<TerminalStream> {
    const { openTerminal } = await import('./open-terminal.ts')
    return await openTerminal(this.#transport, `${guestPath(id)}/terminal`, options)
  }

  #call<Answer>(
    call: Pick<Call, 'method' | 'path' | 'query' | 'body'>,
    options?: WaitOptions,
  ): Promise<Answer> {
    return this.#transport.request<Answer>({ ...call, ...withDeadline(options) })
  }
}

function guestPath(id: string): string {
  return `/v1/guests/${encodeURIComponent(id)}`
}
