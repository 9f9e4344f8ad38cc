import type { Agent } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { SleepRequest, StartRequest, WakeRequest } from '../schema/requests.ts'
import type { AgentRow } from '../store/index.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { capabilitiesOf, getAgentByName, type DaemonContext } from './context.ts'
import { checkMove, moveAgent } from './move-agent.ts'
import type { Reconciler } from './reconciler.ts'
import { refusalOf } from './refusal.ts'
import { refuseSupervised } from './units.ts'
import { readView, toAgent } from './views.ts'

/**
 * What people ask of an agent that is there: each is one durable transaction, then the work begins.
 * They answer once it is done, or the time is over; and with the agent as it is then.
 */
export class AgentVerbs {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler

  constructor(context: DaemonContext, reconciler: Reconciler) {
    this.#context = context
    this.#reconciler = reconciler
  }

  /**
   * Brings it up. `resume` goes on with its session or is an error, `fresh` begins a new one at the
   * next turn boundary; `runtime` is where it runs from now on. Errors: `agent_stopped`,
   * `agent_quarantined`, `over_budget`, `agent_parked`, `nothing_to_resume`; those of `checkMove`.
   */
  async wake(name: string, { mode, runtime }: WakeRequest, wait: WaitLimit): Promise<Agent> {
    const agent = this.#awakable(name)
    if (mode === 'resume') {
      this.#checkResumable(agent, runtime)
    }
    return await this.#bringUp(agent, { runtime, wait }, () => {
      const { agents } = this.#context.store
      agents.setWish(agent.id, 'wake')
      agents.setNotBefore(agent.id, null)
      if (mode === 'fresh') {
        agents.setNew(agent.id, true)
      }
    })
  }

  /** Once its turn is over, suspends its run where its spec says so, else ends it; `full` always ends it. Its session stays. */
  async sleep(
    name: string,
    wait: WaitLimit,
    { full }: SleepRequest = { full: false },
  ): Promise<Agent> {
    const agent = getAgentByName(this.#context, name)
    refuseSupervised(this.#context, agent)
    const { rest } = this.#context.specs.get(agent.id).lifecycle
    const wish = rest === 'suspend' && !full ? 'suspend' : 'sleep'
    return await this.#change(agent, wait, () => this.#context.store.agents.setWish(agent.id, wish))
  }

  /** A durable hold: ends its run, refuses what waits and what comes. */
  async stop(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = getAgentByName(this.#context, name)
    return await this.#change(agent, wait, () => {
      this.#context.store.agents.setHold(agent.id, 'stopped')
      this.#context.store.agents.setWait(agent.id, null)
    })
  }

  /** Clears every hold, a crash loop and a parking too, and brings it up. Errors: those of `checkMove`. */
  async start(name: string, { runtime }: StartRequest, wait: WaitLimit): Promise<Agent> {
    const agent = getAgentByName(this.#context, name)
    return await this.#bringUp(agent, { runtime, wait }, () => {
      const { agents } = this.#context.store
      agents.setHold(agent.id, null)
      agents.setParked(agent.id, null)
      agents.setDeaths(agent.id, { attempts: 0, deaths: '[]', not_before: null })
      agents.setWait(agent.id, null)
      agents.setWish(agent.id, 'wake')
    })
  }

  /**
   * A fresh session: the present one ends at its turn boundary, the new one begins at once. An agent
   * that can't come up gets it when it does.
   */
  async new(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = getAgentByName(this.#context, name)
    return await this.#change(agent, wait, () => {
      const { agents } = this.#context.store
      agents.setNew(agent.id, true)
      if (!refusalOf(this.#context, agent) && agent.parked_until === null) {
        agents.setWish(agent.id, 'wake')
      }
    })
  }

  /** Ends its run now and brings it up again, with its session. Errors: as `wake`. */
  async restart(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = this.#awakable(name)
    refuseSupervised(this.#context, agent)
    return await this.#change(agent, wait, () => {
      const { agents, runs } = this.#context.store
      agents.setWish(agent.id, 'wake')
      agents.setNotBefore(agent.id, null)
      if (agent.run_id && runs.get(agent.run_id)?.handle) {
        runs.setStopping(agent.run_id, 'restart')
      }
    })
  }

  /** Ends every live run as sleep does, but at once. Resolves when all have ended, or the time is over. */
  async sleepAll(wait: WaitLimit): Promise<void> {
    const { store } = this.#context
    // What something else has begun is not ours to end.
    const live = store.runs.listLive().filter((run) => run.is_begun === 0)
    await Promise.all(
      live.map(async ({ agent_id: agentId, id }) => {
        this.#reconciler.records.change(agentId, 'durable', () =>
          store.runs.setStopping(id, 'shutdown'),
        )
        this.#reconciler.kick(agentId)
        await this.#context.notifier.until(
          `agent:${agentId}`,
          () => (store.agents.get(agentId)?.run_id === id ? undefined : true),
          wait,
        )
      }),
    )
  }

  /** The agent once nothing that was asked of it is under way, or the time is over. */
  async settled(name: string, wait: WaitLimit): Promise<Agent> {
    const { id } = getAgentByName(this.#context, name)
    return await this.#settled(id, wait)
  }

  /** An agent that may come up. */
  #awakable(name: string): AgentRow {
    const agent = getAgentByName(this.#context, name)
    const refusal = refusalOf(this.#context, agent)
    const details = { agent: agent.name }
    if (refusal) {
      throw new DroverError(refusal.code, `${agent.name} can't wake: ${refusal.cause}.`, {
        details,
      })
    }
    if (agent.parked_until !== null && agent.parked_until > this.#context.now()) {
      const until = new Date(agent.parked_until).toISOString()
      throw new DroverError('agent_parked', `${agent.name} is out of quota until ${until}.`, {
        details: { ...details, until: agent.parked_until },
      })
    }
    return agent
  }

  #checkResumable(agent: AgentRow, runtime: string | undefined): void {
    const before = this.#context.specs.get(agent.id)
    const spec = { ...before, runtime: runtime ?? before.runtime }
    const why = !capabilitiesOf(this.#context, spec).resume
      ? `the ${spec.provider} provider can't resume`
      : agent.session === null
        ? 'it has no session yet'
        : agent.is_new === 1
          ? 'a fresh session was asked for'
          : null
    if (why) {
      throw new DroverError('nothing_to_resume', `${agent.name} has nothing to resume: ${why}.`, {
        details: { agent: agent.name },
      })
    }
  }

  /** With the place where it runs, if that is to be another, in the same transaction as the wish. */
  async #bringUp(
    agent: AgentRow,
    { runtime, wait }: { runtime: string | undefined; wait: WaitLimit },
    work: () => void,
  ): Promise<Agent> {
    if (runtime === undefined) {
      return await this.#change(agent, wait, work)
    }
    await checkMove(this.#context, agent, runtime)
    try {
      return await this.#change(agent, wait, () => {
        moveAgent(this.#reconciler.records, agent.id, runtime)
        work()
      })
    } catch (error) {
      // What was read within a transaction that failed is not what is stored.
      this.#context.specs.delete(agent.id)
      throw error
    }
  }

  async #change(agent: AgentRow, wait: WaitLimit, work: () => void): Promise<Agent> {
    this.#reconciler.records.change(agent.id, 'durable', () => {
      work()
      this.#reconciler.records.advance(agent.id)
    })
    this.#reconciler.kick(agent.id)
    return await this.#settled(agent.id, wait)
  }

  async #settled(agentId: string, wait: WaitLimit): Promise<Agent> {
    if (wait.seconds > 0) {
      const look = (): true | undefined => (this.#isSettled(agentId) ? true : undefined)
      await this.#context.notifier.until(`agent:${agentId}`, look, wait)
    }
    const row = this.#context.store.agents.getListed(agentId)
    if (!row) {
      throw new DroverError('agent_not_found', 'The agent was removed meanwhile.')
    }
    return toAgent(row, this.#context)
  }

  /** Nothing that was asked for is still under way, and nothing of an ended run lives. */
  #isSettled(agentId: string): boolean {
    const view = readView(this.#context, agentId)
    if (!view) {
      return true
    }
    const isReleased = view.run !== null || view.unreleased === 0
    const isOurs = !view.run?.isBegun
    const isRenewing =
      isOurs && view.isNew && (view.run?.isResumed || (view.run?.readyAt ?? null) !== null)
    return (
      isReleased &&
      !isRenewing &&
      view.wish === null &&
      (view.run?.suspension ?? 'suspended') === 'suspended' &&
      view.run?.status !== 'starting' &&
      !view.run?.stopReason &&
      !(view.hold && view.run && isOurs)
    )
  }
}
