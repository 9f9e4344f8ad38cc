import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'

/** Whether an address is one of this machine, also of an interface that nothing is plugged into yet. */
export async function isLocalAddress(address: string): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false))
      socket.bind({ address, port: 0, exclusive: true }, () => resolve(true))
    })
  } finally {
    socket.close()
  }
}

/** Whether this machine has an interface of that name. */
export async function hasInterface(name: string): Promise<boolean> {
  const lines = (await readFile('/proc/net/dev', 'latin1').catch(() => '')).split('\n')
  return lines.some((line) => line.trimStart().startsWith(`${name}:`))
}

/** The first address of a subnet, as `172.17.0.1` of `172.17.0.0/16`; null where that is none of IPv4. */
export function firstAddress(subnet: string): string | null {
  const [, start, last] = /^(\d+\.\d+\.\d+\.)(\d+)\/\d+$/.exec(subnet) ?? []
  return start === undefined ? null : `${start}${Number(last) + 1}`
}
