import { joinPrompt } from '../core/system-prompt.ts'
import { DroverError } from '../schema/error.ts'
import type { AgentSpec } from '../schema/agent.ts'
import type { Interrupted, Reloaded } from '../schema/reports.ts'
import type { ReloadRequest } from '../schema/requests.ts'
import type { AgentRow, RunRow } from '../store/index.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { writePrivateFile } from '../util/private-file.ts'
import { checkUnsupported } from './check-unsupported.ts'
import {
  capabilitiesOf,
  getAgentByName,
  getProvider,
  speechOf,
  type DaemonContext,
} from './context.ts'
import { interruptTurn } from './interrupt-turn.ts'
import type { Reconciler } from './reconciler.ts'
import { checkOptions } from './resolve-spec.ts'
import { stateOf, tellRun } from './run-input.ts'
import { promptFile, readPromptLayers } from './system-prompt.ts'
import { toAgent } from './views.ts'

/** What people ask of the turn an agent is in, and of the program that takes it. */
export class TurnVerbs {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler

  constructor(context: DaemonContext, reconciler: Reconciler) {
    this.#context = context
    this.#reconciler = reconciler
  }

  /**
   * Ends the turn under way; the program stays, and what waits is next. Answers once the turn is
   * over, or the time is. Errors: `unsupported`.
   */
  async interrupt(name: string, wait: WaitLimit): Promise<Interrupted> {
    const agent = getAgentByName(this.#context, name)
    const spec = this.#context.specs.get(agent.id)
    if (!capabilitiesOf(this.#context, spec).interrupt) {
      throw new DroverError(
        'unsupported',
        `${agent.name} can't be interrupted: the ${spec.provider} provider has no way to. \`drover restart ${agent.name}\` ends its run.`,
        { details: { agent: agent.name } },
      )
    }
    const { records } = this.#reconciler
    const isTold = records.change(agent.id, 'durable', () => interruptTurn(records, agent))
    this.#reconciler.kick(agent.id)
    if (isTold && wait.seconds > 0) {
      const isOver = (): true | undefined => (this.#isInTurn(agent) ? undefined : true)
      await this.#context.notifier.until(`agent:${agent.id}`, isOver, wait)
    }
    return { did: isTold ? 'interrupted' : 'nothing', agent: this.#shown(agent) }
  }

  /**
   * Changes the model, the persona, the trigger or options: in the program that runs where it can, else by a
   * new one at the turn boundary, which goes on with the session. Errors: `unsupported`,
   * `invalid_prompt`.
   */
  async reload(name: string, change: ReloadRequest): Promise<Reloaded> {
    const before = getAgentByName(this.#context, name)
    const { records } = this.#reconciler
    const { store, specs } = this.#context
    const wanted = this.#changed(before, change)
    checkUnsupported(this.#context, getProvider(this.#context, wanted.provider), wanted)
    const layers = await readPromptLayers(this.#context, { agent: before, spec: wanted })
    // It may be another run, or another spec, by now.
    const agent = getAgentByName(this.#context, name)
    const spec = this.#changed(agent, change)
    const told = { ...change, ...(change.persona ? { persona: joinPrompt(layers) } : {}) }
    const when = records.change(agent.id, 'durable', () => {
      store.agents.setSpec(agent.id, JSON.stringify(spec))
      const reached = this.#reach(agent, told)
      records.event(agent.id, 'agent.reloaded', { ...change, when: reached }, agent.run_id)
      return reached
    })
    if (when === 'now' && typeof told.persona === 'string') {
      writePrivateFile(promptFile(this.#context, agent.id), told.persona)
    }
    specs.delete(agent.id)
    this.#reconciler.kick(agent.id)
    return { when, agent: this.#shown(agent) }
  }

  #changed({ id }: AgentRow, change: ReloadRequest): AgentSpec {
    const spec = withChange(this.#context.specs.get(id), change)
    const provider = getProvider(this.#context, spec.provider)
    return change.options ? { ...spec, options: checkOptions(provider, spec) } : spec
  }

  /** Part of the transaction that stores the change. */
  #reach(agent: AgentRow, change: ReloadRequest): Reloaded['when'] {
    const { store } = this.#context
    const run = agent.run_id ? store.runs.get(agent.run_id) : undefined
    if (!run) {
      return 'next-run'
    }
    const input = this.#reloadInput(run, change)
    if (input === null) {
      store.runs.setStale(run.id)
      return 'next-turn'
    }
    tellRun(store, run.id, input)
    return 'now'
  }

  /** What tells the program of the change; null where it can't be told. */
  #reloadInput(run: RunRow, change: ReloadRequest): string | null {
    const speech = speechOf(this.#context, run)
    const given = Object.entries(change).filter(([, value]) => value !== undefined)
    const isKnown = ([key, value]: [string, unknown]): boolean =>
      value !== null && speech.capabilities.reload.some((each) => each === key)
    return run.handle !== null && given.every(isKnown)
      ? (speech.reload?.(Object.fromEntries(given), stateOf(run)) ?? null)
      : null
  }

  #isInTurn({ id }: AgentRow): boolean {
    const { store } = this.#context
    const runId = store.agents.get(id)?.run_id
    const run = runId ? store.runs.get(runId) : undefined
    return run !== undefined && run.turn !== 'idle'
  }

  #shown({ id }: AgentRow): Interrupted['agent'] {
    const row = this.#context.store.agents.getListed(id)
    if (!row) {
      throw new DroverError('agent_not_found', 'The agent was removed meanwhile.')
    }
    return toAgent(row, this.#context)
  }
}

/** What is null goes, what is left out stays. */
function withChange(spec: AgentSpec, { options, ...change }: ReloadRequest): AgentSpec {
  return {
    ...(merged(spec, change) as AgentSpec),
    ...(options ? { options: merged(spec.options, options) } : {}),
  }
}

function merged(whole: object, change: object): Record<string, unknown> {
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  const all = { ...whole, ...Object.fromEntries(given) }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
}
