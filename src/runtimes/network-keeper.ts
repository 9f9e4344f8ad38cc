import type { Network } from '../schema/network.ts'

/** A network policy that is to be kept. */
export interface NetworkWish {
  network: Network
  /** Id of the home whose agents it is for. */
  instance: string
  /** Port of the agents' door for which an administrator made the rules; null: the runtime makes its own. */
  preparedPort: number | null
}

/** Why a network policy can't be kept on this machine. */
export interface NetworkRefusal {
  /** A clause for people. */
  reason: string
  /** What to do about it; null when nothing helps. */
  hint: string | null
}

/** What a runtime does that can keep programs from the network. */
export interface NetworkKeeper {
  /** Why a policy can't be kept here; null when it can. */
  refuse(wish: NetworkWish, signal: AbortSignal): Promise<NetworkRefusal | null>
  /**
   * The address of this machine at which programs of a network policy reach it, and that nobody beyond
   * it reaches; made where it is not there yet. The agents' door is open there before `start`. null:
   * they reach nothing.
   */
  findDoorHost(wish: NetworkWish, signal: AbortSignal): Promise<string | null>
  /**
   * Once at the daemon's start, before runs are looked for: what keeps policies is made again where it
   * got lost, for these doors, and is removed where nobody needs it. No engine holds it up.
   */
  keep(
    wish: Pick<NetworkWish, 'instance' | 'preparedPort'>,
    doors: readonly { host: string; port: number }[],
    signal: AbortSignal,
  ): Promise<void>
}
