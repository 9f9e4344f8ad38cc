import path from 'node:path'
import type { AgentSpec } from '../schema/agent.ts'
import type {
  Provider,
  ProviderCapabilities,
  ProviderContext,
  Speech,
} from '../providers/contract.ts'
import type { AgentReference } from '../runtimes/box.ts'
import type { RunReference, Runtime } from '../runtimes/contract.ts'
import type { SpareFolders } from '../runtimes/spare-folders.ts'
import { AgentName } from '../schema/agent-name.ts'
import type { Config } from '../schema/config.ts'
import { DroverError } from '../schema/error.ts'
import type { AgentRow, RunRow, Store } from '../store/index.ts'
import type { Home } from '../util/home.ts'
import type { Notifier } from '../util/notifier.ts'
import type { Admission } from './admission.ts'
import type { Attachments } from './attachments.ts'
import type { BegunRuns } from './begun-runs.ts'
import type { AgentTokens } from './agent-tokens.ts'
import type { AgentsDoor } from './agents-door.ts'
import type { EventHub } from './event-hub.ts'
import type { Logger } from './log.ts'
import type { Prices } from './prices.ts'
import type { SpecCache } from './spec-cache.ts'

/** What the parts of the daemon share. */
export interface DaemonContext {
  home: Home
  config: Config
  /** What every agent gets: the listed part of the daemon's own environment, and config's. */
  baseEnvironment: Readonly<Record<string, string>>
  store: Store
  hub: EventHub
  log: Logger
  /** Keeps the log's file within bounds. */
  rotateLog: () => void
  providers: ReadonlyMap<string, Provider>
  runtimes: ReadonlyMap<string, Runtime>
  /** Makes the folders of runs. */
  folders: SpareFolders
  specs: SpecCache
  prices: Prices
  admission: Admission
  attachments: Attachments
  /** What the machine's own supervisor began and has no row yet. */
  begun: BegunRuns
  tokens: AgentTokens
  /** Tokens for the agents' door; they open nothing of the API. */
  doorTokens: AgentTokens
  door: AgentsDoor
  /** Wakes waiters: `agent:ID`, `message:ID`. */
  notifier: Notifier
  /** Unix ms. */
  now: () => number
  /** Aborts when the daemon ends. */
  signal: AbortSignal
}

/** What the program of one agent can do where it runs, given its options. Errors: `provider_not_found`. */
export function capabilitiesOf(
  context: Pick<DaemonContext, 'providers' | 'runtimes'>,
  spec: Pick<AgentSpec, 'provider' | 'runtime' | 'options' | 'container'>,
): ProviderCapabilities {
  const isTerminal = willHaveTerminal(context, spec)
  const speech = speechOf(context, { provider: spec.provider, is_terminal: isTerminal ? 1 : 0 })
  return speech.capabilitiesWith?.(spec.options) ?? speech.capabilities
}

/** Whether the next run of an agent has a terminal: in a box only where that was asked for. */
export function willHaveTerminal(
  { providers, runtimes }: Pick<DaemonContext, 'providers' | 'runtimes'>,
  { provider, runtime, container }: Pick<AgentSpec, 'provider' | 'runtime' | 'container'>,
): boolean {
  const can = runtimes.get(runtime)?.capabilities
  const isWanted = can?.elsewhere !== true || container?.terminal === true
  return can?.terminal === true && isWanted && providers.get(provider)?.terminal !== undefined
}

/** How the program of a run is spoken to. Errors: `provider_not_found`. */
export function speechOf(
  context: Pick<DaemonContext, 'providers'>,
  run: Pick<RunRow, 'provider' | 'is_terminal'>,
): Speech {
  const provider = getProvider(context, run.provider)
  return run.is_terminal === 1 ? (provider.terminal ?? provider) : provider
}

/** Errors: `provider_not_found`. */
export function getProvider(
  { providers }: Pick<DaemonContext, 'providers'>,
  name: string,
): Provider {
  const provider = providers.get(name)
  if (!provider) {
    throw new DroverError(
      'provider_not_found',
      `provider: there is no provider ${JSON.stringify(name)}.`,
      { details: { field: 'provider' } },
    )
  }
  return provider
}

/** Errors: `runtime_not_found`. */
export function getRuntime({ runtimes }: Pick<DaemonContext, 'runtimes'>, name: string): Runtime {
  const runtime = runtimes.get(name)
  if (!runtime) {
    const known = [...runtimes.keys()].join(', ')
    throw new DroverError(
      'runtime_not_found',
      `runtime: there is no runtime ${JSON.stringify(name)}; there is: ${known}.`,
      {
        details: { field: 'runtime' },
      },
    )
  }
  return runtime
}

/** What a runtime knows a run by. */
export function referenceOf(
  { store, home }: Pick<DaemonContext, 'store' | 'home'>,
  runId: string,
): RunReference {
  return { id: runId, instance: store.instance, folder: path.join(home.runsFolder, runId) }
}

/** Begins the ids of guests, by which a runtime knows them beside runs. */
export const guestPrefix = 'guest'

export function isGuestId(id: string): boolean {
  return id.startsWith(`${guestPrefix}_`)
}

/** What a runtime knows a guest by. */
export function guestReference(
  { store, home }: Pick<DaemonContext, 'store' | 'home'>,
  id: string,
): RunReference {
  return { id, instance: store.instance, folder: path.join(home.guestsFolder, id) }
}

/** How long a runtime may take to answer a question, and to release a run, ms. */
export const askDeadlineMs = 10_000
export const workDeadlineMs = 240_000

/** Ends a call at its deadline, or when the daemon does: a wedged runtime must not hold anything else up. */
export function callSignal(
  { signal }: Pick<DaemonContext, 'signal'>,
  deadlineMs: number,
): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
}

export interface AgentFolders {
  /** Its own state: what Drover writes for its program, and what that keeps. */
  state: string
  /** The one it works in when it was given none. */
  work: string
  /** HOME in a box of its own. */
  home: string
  /** What a runtime keeps for it. */
  box: string
}

export function agentFolders({ home }: Pick<DaemonContext, 'home'>, agentId: string): AgentFolders {
  const folder = path.join(home.agentsFolder, agentId)
  const at = (name: string): string => path.join(folder, name)
  return { state: at('state'), work: at('work'), home: at('home'), box: at('box') }
}

/** What a runtime knows an agent by. */
export function agentReference(
  context: Pick<DaemonContext, 'store' | 'home'>,
  agentId: string,
): AgentReference {
  const { box } = agentFolders(context, agentId)
  return { id: agentId, instance: context.store.instance, folder: box }
}

/** What a provider may know, for an agent with this environment of its own. */
export function providerContext(
  context: Pick<DaemonContext, 'config' | 'baseEnvironment' | 'signal'>,
  provider: string,
  ownEnvironment: Readonly<Record<string, string>> = {},
): ProviderContext {
  const { config, baseEnvironment } = context
  return {
    env: { ...baseEnvironment, ...ownEnvironment },
    programPath: config.providers[provider]?.path ?? null,
    upstreams: withoutAbsent(config.gateway.upstreams),
    signal: context.signal,
  }
}

/** The same for one agent where it runs: in a box nothing of this machine's own environment is. */
export function launchContext(
  context: Pick<DaemonContext, 'config' | 'baseEnvironment' | 'signal' | 'runtimes' | 'home'>,
  { provider, runtime, env, container }: AgentSpec,
  agentId: string,
): ProviderContext {
  const base = providerContext(context, provider, env)
  if (!getRuntime(context, runtime).capabilities.elsewhere) {
    return base
  }
  // In a container that is there already it is that of its user there.
  const usual = container?.name === undefined ? agentFolders(context, agentId).home : undefined
  const home = container?.home ?? usual
  return {
    ...base,
    env: { ...(home === undefined ? {} : { HOME: home }), ...context.config.env, ...env },
    programPath: null,
    isElsewhere: true,
  }
}

function withoutAbsent<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** Errors: `agent_not_found`. */
export function getAgentByName({ store }: Pick<DaemonContext, 'store'>, name: string): AgentRow {
  const row = AgentName.safeParse(name).success ? store.agents.getByName(name) : undefined
  if (!row) {
    throw new DroverError(
      'agent_not_found',
      `There is no agent ${JSON.stringify(name.slice(0, 80))}.`,
      { details: { field: 'name' } },
    )
  }
  return row
}
