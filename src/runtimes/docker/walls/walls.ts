import { writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { DroverError } from '../../../schema/error.ts'
import type { BoxWish } from '../../box.ts'
import type { NetworkKeeper, NetworkRefusal, NetworkWish } from '../../network-keeper.ts'
import type { Engine } from '../engine/engine.ts'
import type { NetworkState } from '../engine/networks.ts'
import type { EngineLink } from '../engine-link.ts'
import { labels } from '../plan-container.ts'
import type { UsedMark } from '../used-mark.ts'
import { Firewall } from './firewall.ts'
import { firstAddress, hasInterface, isLocalAddress } from './local-address.ts'
import { RuleWatch } from './rule-watch.ts'
import { portToPrepare, wallNames, wallRules, type WallRules } from './wall-rules.ts'

export interface WallsOptions {
  link: EngineLink
  env: Readonly<Record<string, string | undefined>>
  used: UsedMark
  /** Where an administrator finds what to do. */
  rulesFile: string
  /** Told of each thing that was made or removed: where a crash test may end the daemon. */
  onStep: (step: WallStep) => void
}

export type WallStep = 'network-made' | 'network-walled' | 'network-removed'

/** The network that a container is to be in, as the engine names it; it stays there until it is let go of. */
export interface HeldNetwork {
  network: string
  release: () => void
}

type Walled = NetworkState & { gateway: string; subnet: string }
type SetRules = WallRules & { subnet: string }

/** How long until rules that could not be set are tried again, ms. */
const retryMs = 5000

/** How long an engine has to tell whether a network is needed still, ms. */
const lowerMs = 60_000

/**
 * The network of agents that are kept from the network: a bridge without a way out, made when the
 * first one needs it and removed with the last one's container, and the firewall's rules about it.
 */
export class Walls implements NetworkKeeper {
  readonly #options: WallsOptions
  readonly #firewall: Firewall
  readonly #watch: RuleWatch
  /** What was set last. */
  #rules: SetRules | null = null
  /** Launches on their way into the network. */
  #held = 0
  #turn: Promise<unknown> = Promise.resolve()
  readonly #ending = new AbortController()

  constructor(options: WallsOptions) {
    this.#options = options
    this.#firewall = new Firewall(options.env)
    this.#watch = new RuleWatch((table) => {
      if (table === '' || table === this.#rules?.table) {
        void this.#setAgain()
      }
    })
  }

  /** Why the daemon can't set rules of the firewall; null: it can. */
  async problem(signal: AbortSignal): Promise<string | null> {
    const { table, network: bridge } = wallNames('')
    const rules = { table, bridge, port: portToPrepare('') }
    return await this.#firewall.problem(rules, signal)
  }

  /** Why a policy can't be kept here; null: it can. */
  async refuse(
    { network, instance, preparedPort }: NetworkWish,
    signal: AbortSignal,
  ): Promise<NetworkRefusal | null> {
    if (network === 'full' || network === 'none') {
      return null
    }
    const { facts } = await this.#options.link.engine(signal)
    if (facts.isRootless) {
      const reason = 'the engine runs without root, and its networks are none of this machine'
      return { reason, hint: 'Use an engine that runs as root, or "none".' }
    }
    if (preparedPort !== null) {
      return null
    }
    const problem = await this.problem(signal)
    if (problem === null) {
      return null
    }
    const { network: bridge, preparedTable: table } = wallNames(instance)
    const rules = { table, bridge, port: portToPrepare(instance) }
    const { rulesFile } = this.#options
    writeFileSync(rulesFile, wallRules({ ...rules, subnet: null }), { mode: 0o600 })
    return {
      reason: `rules of the firewall can't be set: ${problem}`,
      hint: `An administrator can set them once, by: sudo nft -f ${rulesFile}. Then write gateway.preparedPort: ${rules.port} in config.yaml, and start Drover again.`,
    }
  }

  /** Errors: `unsupported`, and those of the engine. */
  async findDoorHost(
    { network, instance }: NetworkWish,
    signal: AbortSignal,
  ): Promise<string | null> {
    if (network === 'none') {
      return null
    }
    this.#options.used.make()
    const engine = await this.#options.link.engine(signal)
    if (network !== 'full') {
      return (await this.#inTurn(() => this.#ensure(engine, instance, signal))).gateway
    }
    const bridge = await engine.inspectNetwork('bridge', signal)
    const host = bridge?.gateway ?? firstAddress(bridge?.subnet ?? '')
    return host !== null && (await isLocalAddress(host)) ? host : null
  }

  /** Has the network of a launch there, with its rules set. Errors: `start_failed`, `unsupported`. */
  async hold(
    { agent, network = { policy: 'full', door: null, isPrepared: false } }: BoxWish,
    signal: AbortSignal,
  ): Promise<HeldNetwork> {
    const { policy, door, isPrepared } = network
    if (policy === 'full' || policy === 'none') {
      return { network: policy === 'full' ? 'bridge' : 'none', release: () => undefined }
    }
    this.#held++
    let isHeld = true
    const release = (): void => {
      this.#held -= isHeld ? 1 : 0
      isHeld = false
    }
    try {
      const engine = await this.#options.link.engine(signal)
      const { gateway, subnet, name } = await this.#inTurn(() =>
        this.#ensure(engine, agent.instance, signal),
      )
      if (door?.host !== gateway) {
        throw new DroverError('start_failed', `The network ${name} was made anew meanwhile.`)
      }
      if (!isPrepared) {
        const { table } = wallNames(agent.instance)
        await this.#set({ table, bridge: name, port: door.port, subnet }, signal)
      }
      return { network: name, release }
    } catch (error) {
      release()
      throw error
    }
  }

  async keep(
    { instance, preparedPort }: Pick<NetworkWish, 'instance' | 'preparedPort'>,
    doors: readonly { host: string; port: number }[],
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.#options.used.isThere) {
      return
    }
    if (preparedPort === null) {
      await this.#setFor(instance, doors, signal)
    }
    // An engine that can't be asked now is asked when the next container goes.
    void this.lower(instance, AbortSignal.timeout(lowerMs)).catch(() => undefined)
  }

  /** Sets the rules anew for agents that may live, without an engine. */
  async #setFor(
    instance: string,
    doors: readonly { host: string; port: number }[],
    signal: AbortSignal,
  ): Promise<void> {
    const { network, table } = wallNames(instance)
    const own = networkInterfaces()[network]?.find(({ family }) => family === 'IPv4')
    const door = doors.find(({ host }) => host === own?.address)
    if (own?.cidr && door) {
      await this.#set({ table, bridge: network, port: door.port, subnet: own.cidr }, signal)
    }
  }

  /** Removes network and rules where no container of the home needs them. May be called twice. */
  async lower(instance: string, signal: AbortSignal): Promise<void> {
    const { network, table } = wallNames(instance)
    const engine = await this.#options.link.engine(signal)
    const label = `${labels.instance}=${instance}`
    await this.#inTurn(async () => {
      const left = await engine.listContainers([label], signal, { all: true })
      const state = await engine.inspectNetwork(network, signal)
      const isOurs = state === null || state.labels[labels.instance] === instance
      if (this.#held > 0 || left.length > 0 || !isOurs) {
        return
      }
      if (state) {
        await engine.removeNetwork(state.id, signal)
        this.#options.onStep('network-removed')
      }
      this.#rules = null
      await this.#firewall.remove(table, signal)
    })
  }

  close(): void {
    this.#ending.abort()
    this.#watch.close()
  }

  async #ensure(engine: Engine, instance: string, signal: AbortSignal): Promise<Walled> {
    const { network: name } = wallNames(instance)
    const state = await engine.ensureNetwork(
      name,
      {
        labels: { [labels.instance]: instance },
        isInternal: true,
        options: {
          'com.docker.network.bridge.name': name,
          'com.docker.network.bridge.enable_icc': 'false',
        },
      },
      signal,
    )
    this.#options.onStep('network-made')
    const { gateway, subnet, isInternal } = state
    if (state.labels[labels.instance] !== instance || !isInternal) {
      throw unsupported(`the engine has a network ${name} that is none of Drover`)
    }
    if (gateway === null || subnet === null || !(await hasInterface(name))) {
      throw unsupported(`the engine made no bridge ${name} on this machine`)
    }
    return { ...state, gateway, subnet }
  }

  async #set(rules: SetRules, signal: AbortSignal): Promise<void> {
    const { program } = this.#firewall
    if (program !== null) {
      this.#watch.begin(program)
    }
    const problem = await this.#firewall.set(rules, signal)
    if (problem !== null) {
      throw unsupported(`rules of the firewall can't be set: ${problem}`)
    }
    this.#rules = rules
    this.#options.onStep('network-walled')
  }

  /** Somebody took them away. */
  async #setAgain(): Promise<void> {
    const { signal } = this.#ending
    const rules = this.#rules
    const problem = rules && (await this.#firewall.set(rules, signal).catch(() => null))
    if (problem && !signal.aborted) {
      setTimeout(() => void this.#setAgain(), retryMs).unref()
    }
  }

  /** What makes and what removes the network goes one after the other. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return await turn
  }
}

const unsupported = (problem: string): DroverError =>
  new DroverError('unsupported', `network: ${problem}.`, { details: { field: 'network' } })
