import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import type { Handle, Launch, NetworkWish } from '../../src/runtimes/contract.ts'

/**
 * Programs of this machine with the agents' door at one of its addresses. Where a network namespace is
 * named, they live in there, and whatever keeps them from the network is that namespace; else nothing does.
 */
export class WalledRuntime extends ProcessRuntime {
  override readonly capabilities = { ...new ProcessRuntime().capabilities, networkPolicy: true }
  readonly #host: string
  readonly #namespace: string | undefined

  constructor(host: string, namespace?: string) {
    super()
    this.#host = host
    this.#namespace = namespace
  }

  async findDoorHost({ network }: Pick<NetworkWish, 'network'>): Promise<string | null> {
    return network === 'none' ? null : this.#host
  }

  override async start(launch: Launch, signal: AbortSignal): Promise<Handle> {
    const argv: Launch['argv'] = this.#namespace
      ? ['/usr/sbin/ip', 'netns', 'exec', this.#namespace, ...launch.argv]
      : launch.argv
    return await super.start({ ...launch, argv }, signal)
  }
}
