import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import type { Handle, Launch } from '../../src/runtimes/contract.ts'
import type { NetworkKeeper } from '../../src/runtimes/network-keeper.ts'

/**
 * Programs of this machine with the agents' door at one of its addresses. Where a network namespace is
 * named, they live in there, and whatever keeps them from the network is that namespace; else nothing does.
 */
export class WalledRuntime extends ProcessRuntime {
  override readonly capabilities = { ...new ProcessRuntime().capabilities, networkPolicy: true }
  readonly networks: NetworkKeeper
  readonly #namespace: string | undefined

  constructor(host: string, namespace?: string) {
    super()
    this.networks = {
      refuse: async () => null,
      findDoorHost: async ({ network }) => (network === 'none' ? null : host),
      keep: async () => undefined,
    }
    this.#namespace = namespace
  }

  override async start(launch: Launch, signal: AbortSignal): Promise<Handle> {
    const argv: Launch['argv'] = this.#namespace
      ? ['/usr/sbin/ip', 'netns', 'exec', this.#namespace, ...launch.argv]
      : launch.argv
    return await super.start({ ...launch, argv }, signal)
  }
}
