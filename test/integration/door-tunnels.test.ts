import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { DoorStage, endingOf, readAll, readHead } from '../support/door-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const readPem = (name: string): string =>
  readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), 'utf8')
const certificate = readPem('certificate')

/** Lets an agent to a port of this machine, as `host.example` and by its address. */
function letTo(stage: DoorStage, id: string, port: number): string {
  stage.agent(id, { allow: [`host.example:${port}`, `127.0.0.1:${port}`] })
  stage.name('host.example', ['127.0.0.1'])
  return `host.example:${port}`
}

const echo = (socket: Socket): void => void socket.pipe(socket)

test('a tunnel leads to a TLS server, which the client trusts by the name it asked for', async () => {
  await using stage = await DoorStage.open()
  const server = createTlsServer({ key: readPem('key'), cert: certificate }, (socket) => {
    socket.end(`you asked for ${socket.servername}`)
  })
  const port = await stage.serve(server)
  stage.agent('a', { allow: [`*.TLS.example:${port}`, `127.0.0.1:${port}`] })
  stage.name('www.tls.example', ['127.0.0.1'])
  const { socket, status } = await stage.tunnel(`WWW.tls.example.:${port}`)
  expect(status).toBe(200)
  const secure = connectTls({ socket, servername: 'www.tls.example', ca: certificate })
  await once(secure, 'secureConnect')
  expect(secure.authorized).toBe(true)
  expect((await readAll(secure)).toString()).toBe('you asked for www.tls.example')
  expect(stage.refusals).toEqual([])
})

test('what is sent with the request for a tunnel is not lost', async () => {
  await using stage = await DoorStage.open()
  const place = letTo(stage, 'a', await stage.serveRaw(echo))
  const { socket } = await stage.tunnel(place, { rest: 'early' })
  socket.end(' late')
  expect((await readAll(socket)).toString()).toBe('early late')
})

test('each side may end its half and hear the other out', async () => {
  await using stage = await DoorStage.open()
  const answer = Buffer.alloc(3_000_000, 'answer ')
  const port = await stage.serveRaw((socket) => {
    void readAll(socket).then((asked) => socket.end(Buffer.concat([asked, answer])))
  })
  const asking = await stage.tunnel(letTo(stage, 'a', port))
  asking.socket.end('asked: ')
  const heardAll = await readAll(asking.socket)
  expect(heardAll.equals(Buffer.concat([Buffer.from('asked: '), answer]))).toBe(true)

  const heard = Promise.withResolvers<string>()
  const mute = await stage.serveRaw((socket) => {
    socket.end('farewell')
    void readAll(socket).then((rest) => heard.resolve(rest.toString()))
  })
  const { socket } = await stage.tunnel(letTo(stage, 'a', mute))
  expect((await readAll(socket)).toString()).toBe('farewell')
  socket.end('and more')
  expect(await heard.promise).toBe('and more')
})

test('a client that reads nothing stops the server, and loses nothing', async () => {
  await using stage = await DoorStage.open()
  const [piece, count] = [Buffer.alloc(65_536, 'x'), 2048]
  let written = 0
  const port = await stage.serveRaw((socket) => {
    void (async () => {
      for (; written < count; written++) {
        if (!socket.write(piece)) {
          await once(socket, 'drain')
        }
      }
      socket.end()
    })()
  })
  const { socket } = await stage.tunnel(letTo(stage, 'a', port))
  let before = -1
  for (let still = 0; still < 200; await setImmediate()) {
    still = written === before ? still + 1 : 0
    before = written
  }
  expect(written).toBeLessThan(count)
  const all = await readAll(socket)
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
  expect(all.length).toBe(piece.length * count)
  expect(hash(all)).toBe(hash(Buffer.alloc(piece.length * count, 'x')))
})

test('50 tunnels of one agent go on side by side, each with its own bytes', async () => {
  await using stage = await DoorStage.open()
  const place = letTo(stage, 'a', await stage.serveRaw(echo))
  const tunnels = await Promise.all(
    Array.from({ length: 50 }, async () => await stage.tunnel(place)),
  )
  expect(tunnels.map(({ status }) => status)).toEqual(Array(50).fill(200))
  const answers = await Promise.all(
    tunnels.map(async ({ socket }, index) => {
      socket.end(`${index} `.repeat(10_000))
      return (await readAll(socket)).toString()
    }),
  )
  expect(answers).toEqual(tunnels.map((_, index) => `${index} `.repeat(10_000)))
})

describe('a tunnel ends', () => {
  test('with its server, also where that breaks off', async () => {
    await using stage = await DoorStage.open()
    const port = await stage.serveRaw(
      (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    )
    const { socket } = await stage.tunnel(letTo(stage, 'a', port))
    socket.write('x')
    expect(await endingOf(socket)).toBe('ECONNRESET')
  })

  test('with its client, also where that breaks off', async () => {
    await using stage = await DoorStage.open()
    const taken = Promise.withResolvers<Socket>()
    const place = letTo(stage, 'a', await stage.serveRaw((socket) => taken.resolve(socket)))
    const { socket } = await stage.tunnel(place)
    const server = await taken.promise
    socket.resetAndDestroy()
    expect(await endingOf(server)).toBe('ECONNRESET')
  })

  test('where nothing moves in it for long', async () => {
    await using stage = await DoorStage.open({ bounds: { idleMs: 50 } })
    const { socket } = await stage.tunnel(letTo(stage, 'a', await stage.serveRaw(echo)))
    expect(await endingOf(socket)).toBe('ECONNRESET')
  })

  test('with the door', async () => {
    await using stage = await DoorStage.open()
    const { socket } = await stage.tunnel(letTo(stage, 'a', await stage.serveRaw(echo)))
    const ending = endingOf(socket)
    await stage.door.close()
    expect(await ending).toBe('ECONNRESET')
  })

  test('with its agent', async () => {
    await using stage = await DoorStage.open()
    const port = await stage.serveRaw(echo)
    const gone = await stage.tunnel(letTo(stage, 'a', port))
    const other = await stage.tunnel(letTo(stage, 'b', port), { id: 'b' })
    stage.door.dismiss('a')
    expect(await endingOf(gone.socket)).toBe('ECONNRESET')
    other.socket.end('still here')
    expect((await readAll(other.socket)).toString()).toBe('still here')
  })
})

test('an agent has a bounded number of tunnels, and may open another once one is over', async () => {
  await using stage = await DoorStage.open({ bounds: { perAgent: 2 } })
  const port = await stage.serveRaw(echo)
  const place = letTo(stage, 'a', port)
  const [first] = [await stage.tunnel(place), await stage.tunnel(place)]
  const third = await stage.tunnel(place)
  expect(third.status).toBe(429)
  expect((await readAll(third.socket)).toString()).toBe(
    'Drover: name-of-a has 2 connections open, which is as many as it may have.\n',
  )
  expect((await stage.tunnel(letTo(stage, 'b', port), { id: 'b' })).status).toBe(200)
  first.socket.destroy()
  await waitFor('a free place', async () => (await stage.tunnel(place)).status === 200)
})

test('a server that nobody has, and a name without an address, are told apart from what is forbidden', async () => {
  await using stage = await DoorStage.open()
  const gone = await stage.tunnel(letTo(stage, 'a', 1))
  expect(gone.status).toBe(502)
  expect((await readAll(gone.socket)).toString()).toBe(
    'Drover: host.example:1 was not reached: ECONNREFUSED.\n',
  )
  stage.agent('b', { allow: ['nowhere.example'] })
  const lost = await stage.tunnel('nowhere.example:443', { id: 'b' })
  expect(lost.status).toBe(502)
  expect((await readAll(lost.socket)).toString()).toBe(
    'Drover: no address was found for nowhere.example.\n',
  )
  expect(stage.refusals).toEqual([])
})

test('a tunnel to the door itself is the door', async () => {
  await using stage = await DoorStage.open()
  stage.agent('a', 'local')
  const { socket, status } = await stage.tunnel(`127.0.0.1:${stage.port}`, { rest: 'GET /' })
  expect(status).toBe(200)
  socket.write('else HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await readHead(socket)).toMatchObject({ status: 404 })
  const nobody = await stage.tunnel(`127.0.0.1:${stage.port}`, { token: 'wrong' })
  expect(nobody.status).toBe(407)
})
