import { guestEnds } from '../core/guest-plan.ts'
import { limits } from '../schema/limits.ts'
import type { Guest, GuestRequest, GuestState } from '../schema/guest.ts'
import { DroverError } from '../schema/error.ts'
import type { AgentRow, GuestRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { getAgentByName, guestPrefix, guestReference, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { GuestKeeper } from './guest-keeper.ts'
import { GuestVisit } from './guest-visit.ts'
import { prepareGuest } from './prepare-guest.ts'
import type { Visit, VisitOptions } from './terminal-visit.ts'

/** Whose guests are meant: all, those of an agent by its name, or only of the agent with this id. */
export interface GuestFilter {
  agent?: string | undefined
  agentId?: string | undefined
}

/** What clients can ask of terminals beside agents. */
export class Guests {
  readonly #context: DaemonContext
  readonly #keeper: GuestKeeper

  constructor(context: DaemonContext, keeper: GuestKeeper) {
    this.#context = context
    this.#keeper = keeper
  }

  /**
   * Makes a guest; it is up when this resolves. It neither wakes its agent nor keeps it awake.
   * Errors: `agent_not_found`, `agent_stopped`, `too_many_guests`, those of `prepareGuest` and those
   * of a start.
   */
  async create(name: string, request: GuestRequest): Promise<Guest> {
    const { store, now } = this.#context
    const { id: agentId } = this.#checkRoom(name)
    const id = createId(guestPrefix)
    const agent = getAgentByName(this.#context, name)
    const reference = guestReference(this.#context, id)
    const { runtime, launch } = await prepareGuest(this.#context, agent, request, reference)
    // From here on nothing waits, so nothing can come in between.
    if (this.#checkRoom(name).id !== agentId) {
      throw new DroverError('agent_not_found', 'The agent was removed meanwhile.')
    }
    const createdAt = now()
    store.transaction('durable', () =>
      store.guests.insert({
        id,
        agentId,
        agent: agent.name,
        runtime: runtime.name,
        program: launch.argv,
        dir: launch.cwd,
        createdAt,
        expiresAt: createdAt + request.ttlMs,
      }),
    )
    const row = this.#get(id)
    faultPoint('guest-recorded')
    await this.#keeper.start(runtime, launch)
    // A short program may have ended by now.
    return toGuest(store.guests.get(id) ?? { ...row, end_cause: guestEnds.exited })
  }

  /** Those that have not ended, the oldest first. Errors: `agent_not_found`. */
  list({ agent, agentId }: GuestFilter): Guest[] {
    const { guests } = this.#context.store
    const id = agent === undefined ? agentId : getAgentByName(this.#context, agent).id
    return (id === undefined ? guests.list() : guests.listOfAgent(id))
      .filter((row) => agentId === undefined || row.agent_id === agentId)
      .map(toGuest)
  }

  /** Errors: `guest_not_found`. */
  show(id: string, { agentId }: GuestFilter = {}): Guest {
    return toGuest(this.#get(id, agentId))
  }

  /** Takes somebody in at its terminal. Errors: `guest_not_found`. */
  visit(id: string, filter: GuestFilter, options: VisitOptions): Visit {
    return new GuestVisit(this.#context, this.#get(id, filter.agentId), options)
  }

  /** Ends it, and waits for that. Errors: `guest_not_found`. */
  async end(id: string, wait: WaitLimit): Promise<void> {
    this.#get(id)
    this.#keeper.end([id], guestEnds.asked)
    await this.#context.notifier.until(
      `guest:${id}`,
      () => (this.#context.store.guests.get(id) ? undefined : true),
      wait,
    )
  }

  /** Ends every guest of the home, and waits for that. */
  async endAll(wait: WaitLimit): Promise<void> {
    const { store, notifier } = this.#context
    const ids = store.guests.list().map(({ id }) => id)
    this.#keeper.end(ids, guestEnds.shutdown)
    await Promise.all(
      ids.map(async (id) => {
        await notifier.until(`guest:${id}`, () => (store.guests.get(id) ? undefined : true), wait)
      }),
    )
  }

  #get(id: string, agentId?: string): GuestRow {
    const row = this.#context.store.guests.get(id)
    if (!row || (agentId !== undefined && row.agent_id !== agentId)) {
      throw new DroverError(
        'guest_not_found',
        `There is no guest ${JSON.stringify(id.slice(0, 80))}.`,
        { details: { field: 'id' } },
      )
    }
    return row
  }

  /** The agent, that takes another guest. */
  #checkRoom(name: string): AgentRow {
    const { guests } = this.#context.store
    const agent = getAgentByName(this.#context, name)
    const details = { agent: agent.name }
    if (agent.is_removing === 1 || agent.hold === 'stopped') {
      const why = agent.is_removing === 1 ? 'the agent is being removed' : 'the agent is stopped'
      throw new DroverError('agent_stopped', `${agent.name} takes no guests: ${why}.`, { details })
    }
    const { perAgent, perHome } = limits.guest
    if (guests.listOfAgent(agent.id).length >= perAgent) {
      const message = `${agent.name} has ${perAgent} guests, which is as many as it may have.`
      throw new DroverError('too_many_guests', message, { details })
    }
    if (guests.count() >= perHome) {
      const message = `There are ${perHome} guests, which is as many as there may be.`
      throw new DroverError('too_many_guests', message, { details })
    }
    return agent
  }
}

export function toGuest(row: GuestRow): Guest {
  return {
    id: row.id,
    agent: row.agent,
    state: stateOf(row),
    cause: row.end_cause,
    program: JSON.parse(row.program) as string[],
    dir: row.dir,
    runtime: row.runtime,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}

function stateOf(row: GuestRow): GuestState {
  if (row.end_cause !== null) {
    return 'ending'
  }
  if (row.is_unknown === 1) {
    return 'unknown'
  }
  return row.handle === null ? 'starting' : 'running'
}
