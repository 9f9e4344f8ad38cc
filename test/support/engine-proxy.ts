import { connect, createServer, type Socket } from 'node:net'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import type { DockerEngine } from './docker-engine.ts'

/** A socket in front of an engine's. */
export interface EngineProxy {
  /** As `DOCKER_HOST` has it. */
  host: string
  /** What was asked, as `POST /v1.41/containers/ID/start`, without queries; the oldest first. */
  calls: string[]
  /** Breaks every connection off. */
  cut: () => void
}

/** It goes with the test. */
export async function startEngineProxy(engine: DockerEngine): Promise<EngineProxy> {
  const socket = path.join(engine.folder, `proxy-${Date.now()}`)
  const target = engine.host.slice('unix://'.length)
  const open = new Set<Socket>()
  const calls: string[] = []
  const server = createServer((client) => {
    const upstream = connect(target)
    // Each request has a connection of its own.
    client.once('data', (head: Buffer) => {
      const [method, url = ''] = head.toString('latin1').split(' ')
      calls.push(`${method} ${url.split('?')[0]}`)
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one)
      one.pipe(other)
      one.on('error', () => {})
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const cut = (): void => open.forEach((each) => each.destroy())
  onTestFinished(() => {
    cut()
    server.close()
  })
  return { host: `unix://${socket}`, calls, cut }
}
