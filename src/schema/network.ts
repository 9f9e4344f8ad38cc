import { z } from 'zod'
import { limits } from './limits.ts'
import { parseNetworkHost } from './network-host.ts'

/**
 * What an agent's programs may reach. `full`: what the machine reaches. `local`: the model upstreams
 * of config, and Drover itself. `allow`: these and the listed hosts. `none`: nothing at all.
 */
export const Network = z
  .union(
    [
      z.enum(['full', 'local', 'none']),
      z.strictObject({
        /** Names, `*.name`, and IP addresses; with `:port`, else 443 and 80. */
        allow: z.array(z.string()),
      }),
    ],
    'is none of "full", "local", "none" and { allow: [HOST, …] }',
  )
  .superRefine((network, context) => {
    if (typeof network === 'string') {
      return
    }
    const { length } = network.allow
    const { hosts } = limits.network
    if (length === 0 || length > hosts) {
      const message = length === 0 ? 'names no host' : `names more than ${hosts} hosts`
      context.addIssue({ code: 'custom', path: ['allow'], message })
    }
    const index = network.allow.findIndex((host) => parseNetworkHost(host) === null)
    if (index >= 0) {
      const given = JSON.stringify(network.allow[index]?.slice(0, 80))
      const message = `${given} is no name, "*.name" or IP address, with an optional ":port"`
      context.addIssue({ code: 'custom', path: ['allow', index], message })
    }
  })
export type Network = z.infer<typeof Network>
