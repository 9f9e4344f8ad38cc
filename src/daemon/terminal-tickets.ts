import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a ticket opens, ms. */
const ticketMs = 60_000

/** How long one whose connection was lost may take to be back, ms. */
const comeBackMs = 600_000

/** Tickets there may be at once; the oldest goes. */
const mostTickets = 1000

/** What a ticket opens. */
export interface TicketHolder {
  /** The agent's id and, when it was given out, its name. */
  id: string
  name: string
  isReadOnly: boolean
}

interface Entry extends TicketHolder {
  hash: Buffer
  /** By the clock of the process, ms. */
  endsAt: number
  /** Its connection lives still: it is to end, for somebody is back by the ticket. */
  onTaken?: () => void
}

/** By which a page comes back once its connection is lost. */
export interface ReturnTicket {
  ticket: string
  /** The connection is lost: from now on it has its time. Called once. */
  start: () => void
}

/**
 * Tickets by which a browser, which can't send a token with a WebSocket, comes to one agent's
 * terminal: each opens once. They are in memory only, and as hashes.
 */
export class TerminalTickets {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number

  /** `now`: a clock that nobody sets, ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** How long it opens goes with it, ms. */
  issue(holder: TicketHolder): { ticket: string; forMs: number } {
    const ticket = this.#add({ ...holder, endsAt: this.#now() + ticketMs })
    return { ticket, forMs: ticketMs }
  }

  /** `onTaken` is called when somebody is back by it before the connection was known to be lost. */
  issueReturn(holder: TicketHolder, onTaken: () => void): ReturnTicket {
    const entry = { ...holder, endsAt: Infinity, onTaken }
    const ticket = this.#add(entry)
    return {
      ticket,
      start: () => {
        const kept = this.#entries.get(keyOf(hashOf(ticket)))
        if (kept) {
          delete kept.onTaken
          kept.endsAt = this.#now() + comeBackMs
        }
      },
    }
  }

  /** What a ticket for the agent of this name opens, once; null for any other text. */
  redeem(ticket: string, name: string): TicketHolder | null {
    this.#sweep()
    const hash = hashOf(ticket)
    const entry = this.#entries.get(keyOf(hash))
    if (!entry || !timingSafeEqual(entry.hash, hash)) {
      return null
    }
    this.#entries.delete(keyOf(hash))
    if (entry.name !== name) {
      return null
    }
    entry.onTaken?.()
    return { id: entry.id, name, isReadOnly: entry.isReadOnly }
  }

  #add(entry: Omit<Entry, 'hash'>): string {
    this.#sweep()
    const [oldest] = this.#entries.size < mostTickets ? [] : this.#entries.keys()
    if (oldest !== undefined) {
      this.#entries.delete(oldest)
    }
    const ticket = randomBytes(32).toString('base64url')
    const hash = hashOf(ticket)
    this.#entries.set(keyOf(hash), { ...entry, hash })
    return ticket
  }

  #sweep(): void {
    for (const [key, { endsAt }] of this.#entries) {
      if (endsAt <= this.#now()) {
        this.#entries.delete(key)
      }
    }
  }
}

function hashOf(ticket: string): Buffer {
  return createHash('sha256').update(ticket).digest()
}

/** Half of it: enough to find one by, the rest is compared. */
function keyOf(hash: Buffer): string {
  return hash.toString('latin1', 0, 16)
}
