import { getRequestListener } from '@hono/node-server'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import type { Server } from 'node:http'
import path from 'node:path'
import type { Daemon } from '../daemon/index.ts'
import { DroverError } from '../schema/error.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import { createPrivateFolder, writePrivateFile } from '../util/private-file.ts'
import { readSecret } from '../util/secret-file.ts'
import { createApp } from './app.ts'
import type { Bindings } from './route.ts'
import { isUpgrade, Upgrades } from './upgrades.ts'

// An ES import of this module loads all it could ever need, 10 MB of it; this way it loads what is used.
const http = process.getBuiltinModule('node:http')

/** The port where people find Drover, unless it is taken or config says another. */
const usualPort = 7717

export interface ServerOptions {
  daemon: Daemon
  onShutdown: () => void
}

/** The API on the home's socket and on loopback. */
export interface ApiServer {
  address: Pick<DaemonStatus, 'url' | 'socket'>
  /** Takes no more requests and lets go of those under way. */
  close(): Promise<void>
}

/**
 * Opens both doors: the unix socket, 0600, and a loopback port. The caller holds the home's lock,
 * so a socket file that exists is left over. Errors: `port_taken`.
 */
export async function startServer({ daemon, onShutdown }: ServerOptions): Promise<ApiServer> {
  const { home, config } = daemon.context
  const address = { url: '', socket: home.socketFile }
  let port = 0
  const app = createApp({
    daemon,
    token: readSecret(home.tokenFile),
    port: () => port,
    address: () => address,
    onShutdown,
  })
  const upgrades = new Upgrades()
  const createServer = (isTrusted: boolean): Server => {
    const waiting = new WeakMap<object, Bindings['upgrade']>()
    const listener = getRequestListener(
      (request, env) =>
        app.fetch(request, { ...env, isTrusted, upgrade: waiting.get(env.incoming) }),
      { overrideGlobalObjects: false },
    )
    const server = http.createServer(
      { keepAliveTimeout: 65_000, noDelay: true, shouldUpgradeCallback: isUpgrade },
      (incoming, outgoing) => void listener(incoming, outgoing),
    )
    upgrades.serve(server, (incoming, outgoing, upgrade) => {
      waiting.set(incoming, upgrade)
      void listener(incoming, outgoing)
    })
    return server
  }
  const byDoor = getRequestListener(
    (request, env) => app.fetch(request, { ...env, isTrusted: false, isAgentsDoor: true }),
    { overrideGlobalObjects: false },
  )
  daemon.context.door.serveApi((incoming, outgoing) => void byDoor(incoming, outgoing))
  const local = createServer(true)
  const tcp = createServer(false)
  const close = async (): Promise<void> => {
    upgrades.close()
    await Promise.all([local, tcp].map(closeServer))
    rmSync(home.socketFile, { force: true })
  }
  try {
    await listenOnPort(tcp, config.port)
    port = (tcp.address() as { port: number }).port
    address.url = `http://127.0.0.1:${port}`
    await listenOnSocket(local, home.socketFile)
    writePrivateFile(home.daemonFile, `${JSON.stringify({ pid: process.pid, ...address })}\n`)
  } catch (error) {
    // An open door would keep the process, which is about to fail, alive.
    await close()
    throw error
  }
  return { address, close }
}

async function closeServer(server: Server): Promise<void> {
  if (server.listening) {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

async function listenOnSocket(server: Server, file: string): Promise<void> {
  createPrivateFolder(path.dirname(file))
  rmSync(file, { force: true })
  const mask = process.umask(0o177)
  try {
    server.listen(file)
    await once(server, 'listening')
  } finally {
    process.umask(mask)
  }
}

/** A port that was asked for must be free; the usual one is given up for any other. */
async function listenOnPort(server: Server, wanted: number | undefined): Promise<void> {
  try {
    await listen(server, wanted ?? usualPort)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      throw error
    }
    if (wanted !== undefined) {
      throw new DroverError('port_taken', `port: ${wanted} is taken by another program.`, {
        details: { field: 'port' },
        cause: error,
      })
    }
    await listen(server, 0)
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}
