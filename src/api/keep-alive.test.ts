import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { keepAlive } from './keep-alive.ts'

describe('a WebSocket that is kept alive', () => {
  const pingMs = 30
  let server: WebSocketServer
  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) => keepAlive(socket, pingMs))
    await once(server, 'listening')
  })
  afterAll(() => {
    for (const socket of server.clients) {
      socket.terminate()
    }
    server.close()
  })

  async function connect(autoPong: boolean): Promise<WebSocket> {
    const { port } = server.address() as AddressInfo
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong })
    await once(socket, 'open')
    return socket
  }

  it('ends when the other one says nothing for long', async () => {
    const [code] = (await once(await connect(false), 'close')) as [number]
    expect(code).toBe(1006)
  })

  it('stays while pings are answered, and while anything is said', async () => {
    const answering = await connect(true)
    const talking = await connect(false)
    talking.on('ping', () => talking.send('still here'))
    for (let count = 0; count < 8; count++) {
      await once(answering, 'ping')
    }
    expect([answering.readyState, talking.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN])
  })
})
