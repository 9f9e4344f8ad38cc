import { createHmac, timingSafeEqual } from 'node:crypto'
import type { DaemonContext } from './context.ts'

/** What a token opens: the API, or the agents' door as a proxy and to model upstreams. */
export type TokenKind = 'drv' | 'drd'

/** Kind, `_`, the agent's id, `_`, 256 bits in base64url: always 43 characters, so the id can hold a `_`. */
const form = /^(dr[vd])_(\w{1,64})_([\w-]{43})$/

/**
 * A token of each agent: a signature of its id under the home's key. So none is stored, it is the
 * same after a restart of the daemon, and no agent can make that of another, or of another kind.
 */
export class AgentTokens {
  readonly #key: string
  readonly #kind: TokenKind

  constructor(key: string, kind: TokenKind = 'drv') {
    this.#key = key
    this.#kind = kind
  }

  tokenOf(agentId: string): string {
    return `${this.#kind}_${agentId}_${this.#sign(agentId)}`
  }

  /** The id a token was made for, whether or not that agent is still there; null for any other text. */
  idOf(token: string): string | null {
    const [, kind, id, signature] = form.exec(token) ?? []
    if (kind !== this.#kind || id === undefined || signature === undefined) {
      return null
    }
    // The text is compared, not its bytes: the last character has two spare bits.
    return timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(id))) ? id : null
  }

  #sign(agentId: string): string {
    // An id has no colon, so no signature of one kind is one of the other.
    const signed = this.#kind === 'drv' ? agentId : `${this.#kind}:${agentId}`
    return createHmac('sha256', this.#key).update(signed).digest('base64url')
  }
}

/** Who an agent's token speaks for. */
export interface TokenBearer {
  id: string
  name: string
  /** Events up to this one are of another agent of the same name. */
  firstSeq: number
  /** Unix ms; messages from before are of another agent of the same name. */
  createdAt: number
}

/** The agent a token speaks for; null for a wrong one, and once the agent's removal was asked for. */
export function findBearer(
  { store, tokens }: Pick<DaemonContext, 'store' | 'tokens'>,
  token: string,
): TokenBearer | null {
  const id = tokens.idOf(token)
  const row = id === null ? undefined : store.agents.get(id)
  return row && !row.is_removing
    ? { id: row.id, name: row.name, firstSeq: row.first_seq, createdAt: row.created_at }
    : null
}

/** Resolves once the agent's token opens nothing any more; rejects when the signal aborts. */
export async function awaitTokenEnd(
  { store, notifier }: Pick<DaemonContext, 'store' | 'notifier'>,
  agentId: string,
  signal: AbortSignal,
): Promise<void> {
  while (store.agents.get(agentId)?.is_removing === 0) {
    await notifier.wait(`agent:${agentId}`, signal)
  }
}
