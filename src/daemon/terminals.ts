import type { AgentVerbs } from './agent-verbs.ts'
import type { Handle } from '../runtimes/contract.ts'
import { DroverError } from '../schema/error.ts'
import { abortable } from '../util/abortable.ts'
import { askDeadlineMs, callSignal, getAgentByName, getRuntime, referenceOf } from './context.ts'
import type { Reconciler } from './reconciler.ts'
import { TerminalTickets, type TicketHolder } from './terminal-tickets.ts'
import { checkTerminal, TerminalVisit, type VisitOptions } from './terminal-visit.ts'

/** The terminals of agents, and who may come to them by a ticket. */
export class Terminals {
  readonly tickets = new TerminalTickets()
  readonly #parts: { reconciler: Reconciler; verbs: AgentVerbs }

  constructor(parts: { reconciler: Reconciler; verbs: AgentVerbs }) {
    this.#parts = parts
  }

  /** Takes somebody in; see `TerminalVisit`. */
  async visit(name: string, options: VisitOptions): Promise<TerminalVisit> {
    return await TerminalVisit.begin(this.#parts, name, options)
  }

  /**
   * What stands on an agent's terminal now, as text. Errors: `agent_not_found`, `no_terminal`,
   * `terminal_gone` while its program is not up, `timeout`.
   */
  async readScreen(name: string): Promise<string> {
    const { context } = this.#parts.reconciler
    checkTerminal(this.#parts.reconciler, name)
    const agent = getAgentByName(context, name)
    const run = agent.run_id ? context.store.runs.get(agent.run_id) : undefined
    if (!run?.handle) {
      throw new DroverError('terminal_gone', `${agent.name} is not up: it has no screen now.`, {
        details: { agent: agent.name },
      })
    }
    const signal = callSignal(context, askDeadlineMs)
    const handle = JSON.parse(run.handle) as Handle
    const runtime = getRuntime(context, run.runtime)
    const read = runtime.readScreen?.(referenceOf(context, run.id), handle, signal)
    if (!read) {
      throw new DroverError('no_terminal', `${run.runtime} can't say what is on a screen.`)
    }
    return `${(await abortable(read, signal)).trimEnd()}\n`
  }

  /** A ticket to an agent's terminal, and when it is over, Unix ms. Errors: `agent_not_found`, `no_terminal`. */
  issueTicket(name: string, isReadOnly: boolean): { ticket: string; expiresAt: number } {
    const { context } = this.#parts.reconciler
    checkTerminal(this.#parts.reconciler, name)
    const { id, name: agent } = getAgentByName(context, name)
    const { ticket, forMs } = this.tickets.issue({ id, name: agent, isReadOnly })
    return { ticket, expiresAt: context.now() + forMs }
  }

  /** Whom a ticket lets in to the agent of this name; null for a wrong one, and where that agent is gone. */
  redeem(ticket: string, name: string): TicketHolder | null {
    const holder = this.tickets.redeem(ticket, name)
    const agent = holder && this.#parts.reconciler.context.store.agents.get(holder.id)
    return agent && !agent.is_removing ? holder : null
  }
}
