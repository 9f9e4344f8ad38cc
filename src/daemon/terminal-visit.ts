import type { Handle, TerminalConnection, TerminalEvent } from '../runtimes/contract.ts'
import type { AgentStatus } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { TerminalSize } from '../schema/terminal.ts'
import type { RunRow } from '../store/index.ts'
import type { AgentVerbs } from './agent-verbs.ts'
import { comeToTerminal } from './come-to-terminal.ts'
import { getAgentByName, referenceOf, willHaveTerminal } from './context.ts'
import { Presence } from './presence.ts'
import type { Reconciler } from './reconciler.ts'
import { readStatus, toAgent } from './views.ts'

/** A terminal that can't be come to though its run lives is tried again after this long, ms. */
const retryMs = 2000

/** What somebody may type before the terminal is come to, bytes: a paste, and no more. */
const mostEarlyBytes = 2 * 1024 * 1024

/** What somebody at an agent's terminal is told. After `gone` a `screen` comes when it is up again. */
export type VisitEvent =
  | TerminalEvent
  | { type: 'status'; status: AgentStatus; cause: string | null }

export interface VisitOptions {
  size: TerminalSize
  /** They look and can't type. */
  isReadOnly: boolean
  /** They were here before, and their connection was lost: nothing is woken for that. */
  isBack: boolean
  /** They are the agent itself: nothing is woken or kept awake for that. */
  isSelf: boolean
  /** They leave when it aborts. */
  signal: AbortSignal
}

/** Somebody at a terminal. */
export interface Visit {
  /** Name of the agent whose terminal it is, or beside which it is. */
  readonly agent: string
  /** Tells what happens until they leave, or there is nothing more to come. Called once. */
  stay(onEvent: (event: VisitEvent) => void): Promise<void>
  write(bytes: Uint8Array): void
  resize(size: TerminalSize): void
  redraw(): void
  pause(): void
  resume(): void
  wake(): Promise<void>
}

interface Parts {
  reconciler: Reconciler
  verbs: AgentVerbs
}

/**
 * Somebody at the terminal of an agent, whichever run it has: they stay when one ends, and see the
 * next one.
 */
export class TerminalVisit implements Visit {
  /** The agent's name. */
  readonly agent: string
  readonly #parts: Parts
  readonly #agentId: string
  readonly #options: VisitOptions
  readonly #presence: Presence | null
  #onEvent: (event: VisitEvent) => void = () => undefined
  #size: TerminalSize
  #isPaused = false
  #told: string | null = null
  /** Whose terminal they are at, or come to. */
  #runId: string | null = null
  /** Whose terminal is gone. */
  #goneRunId: string | null = null
  #connection: TerminalConnection | null = null
  /** Typed while it was not there yet. */
  #early = Buffer.alloc(0)
  #retry: NodeJS.Timeout | undefined

  private constructor(
    parts: Parts,
    name: string,
    options: VisitOptions,
    presence: Presence | null,
  ) {
    const { id, name: agent } = getAgentByName(parts.reconciler.context, name)
    this.#parts = parts
    this.agent = agent
    this.#agentId = id
    this.#options = options
    this.#size = options.size
    this.#presence = presence
  }

  /**
   * Takes them in and brings the agent up. Errors: `agent_not_found`, `no_terminal`, and those of
   * `wake` where they were not here before.
   */
  static async begin(parts: Parts, name: string, options: VisitOptions): Promise<TerminalVisit> {
    checkTerminal(parts.reconciler, name)
    const { isBack, isSelf, signal } = options
    const presence = isSelf ? null : await Presence.begin(parts, name, { isBack, signal })
    return new TerminalVisit(parts, name, options, presence)
  }

  /** Tells what happens until they leave, or the agent is removed. Called once. */
  async stay(onEvent: (event: VisitEvent) => void): Promise<void> {
    const { signal } = this.#options
    const { store, notifier } = this.#parts.reconciler.context
    this.#onEvent = onEvent
    try {
      while (store.agents.get(this.#agentId) && !signal.aborted) {
        this.#look()
        await notifier.wait(`agent:${this.#agentId}`, signal).catch(() => undefined)
      }
    } finally {
      this.#onEvent = () => undefined
      clearTimeout(this.#retry)
      this.#connection?.close()
      this.#presence?.end()
    }
  }

  /** What they typed; lost while no program is there. What comes while its terminal is come to waits. */
  write(bytes: Uint8Array): void {
    this.#presence?.stir()
    if (this.#options.isReadOnly) {
      return
    }
    if (this.#connection) {
      this.#connection.write(bytes)
    } else if (this.#runId !== null && this.#runId !== this.#goneRunId) {
      const early = Buffer.concat([this.#early, bytes])
      this.#early = early.length <= mostEarlyBytes ? early : this.#early
    }
  }

  resize(size: TerminalSize): void {
    this.#presence?.stir()
    this.#size = size
    this.#connection?.resize(size)
  }

  redraw(): void {
    this.#connection?.redraw()
  }

  pause(): void {
    this.#isPaused = true
    this.#connection?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#connection?.resume()
  }

  /** Brings the agent up again. Errors: as `wake`; `forbidden` for the agent itself. */
  async wake(): Promise<void> {
    const { isSelf, signal } = this.#options
    if (isSelf) {
      throw new DroverError('forbidden', `wake: ${this.agent} may not wake itself.`)
    }
    this.#presence?.stir()
    await this.#parts.verbs.wake(this.agent, {}, { seconds: 0, signal })
  }

  /** Tells how the agent is, and comes to the terminal of a run that they are not at yet. */
  #look(): void {
    const { store } = this.#parts.reconciler.context
    const agent = store.agents.get(this.#agentId)
    if (!agent || this.#options.signal.aborted) {
      return
    }
    this.#tellStatus()
    const run = agent.run_id ? store.runs.get(agent.run_id) : undefined
    if (run?.suspension === 'suspended') {
      this.#leaveResting(run.id)
    } else if (run?.handle && run.is_terminal === 1 && !run.suspension && run.id !== this.#runId) {
      this.#runId = run.id
      this.#goneRunId = null
      void this.#come(run)
    }
  }

  /** What its program showed stays; nobody can be at it until the run goes on. */
  #leaveResting(runId: string): void {
    if (this.#runId === runId) {
      this.#take(runId, { type: 'gone', cause: 'its run is suspended' })
      clearTimeout(this.#retry)
      this.#runId = null
    }
  }

  /** A program that talks much is looked at often: why it is as it is is read only where that is told. */
  #tellStatus(): void {
    const { context } = this.#parts.reconciler
    const status = readStatus(context.store, this.#agentId)
    const isPlain = status === 'idle' || status === 'working'
    const listed = isPlain ? undefined : context.store.agents.getListed(this.#agentId)
    const cause = listed ? toAgent(listed, context).cause : null
    const told = `${status} ${cause}`
    if (status && told !== this.#told) {
      this.#told = told
      this.#onEvent({ type: 'status', status, cause })
    }
  }

  async #come(run: RunRow): Promise<void> {
    try {
      const connection = await this.#open(run)
      if (this.#options.signal.aborted || this.#goneRunId === run.id) {
        connection.close()
        return
      }
      this.#connection = connection
      connection.write(this.#early)
      this.#early = Buffer.alloc(0)
      if (this.#isPaused) {
        connection.pause()
      }
    } catch (error) {
      if (!this.#options.signal.aborted) {
        const { log } = this.#parts.reconciler.context
        log.debug({ err: error, run: run.id }, 'a terminal could not be come to; trying again')
        this.#comeLater(run.id)
      }
    }
  }

  async #open(run: RunRow): Promise<TerminalConnection> {
    const { context } = this.#parts.reconciler
    const { isReadOnly, signal } = this.#options
    const handle = JSON.parse(run.handle ?? '') as Handle
    const place = { runtime: run.runtime, run: referenceOf(context, run.id), handle }
    const onEvent = (event: TerminalEvent): void => this.#take(run.id, event)
    return await comeToTerminal(context, place, { size: this.#size, isReadOnly, signal, onEvent })
  }

  #take(runId: string, event: TerminalEvent): void {
    if (this.#runId !== runId) {
      return
    }
    this.#onEvent(event)
    if (event.type === 'gone') {
      this.#connection?.close()
      this.#connection = null
      this.#early = Buffer.alloc(0)
      this.#goneRunId = runId
      this.#comeLater(runId)
    }
  }

  /** Its program may live on though its terminal is gone, or could not be asked for. */
  #comeLater(runId: string): void {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      if (this.#runId === runId) {
        this.#runId = null
        this.#goneRunId = null
        this.#look()
      }
    }, retryMs)
  }
}

/** Errors: `agent_not_found`, `no_terminal`. */
export function checkTerminal({ context }: Pick<Reconciler, 'context'>, name: string): void {
  const agent = getAgentByName(context, name)
  const run = agent.run_id ? context.store.runs.get(agent.run_id) : undefined
  const hasTerminal = run
    ? run.is_terminal === 1
    : willHaveTerminal(context, context.specs.get(agent.id))
  if (!hasTerminal) {
    throw new DroverError('no_terminal', `${agent.name} has no terminal.`, {
      details: { agent: agent.name },
    })
  }
}
