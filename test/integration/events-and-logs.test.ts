import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Event } from '../../src/schema/event.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, readLog, saidIn } from '../support/events.ts'
import { residentBytes } from '../support/memory.ts'
import { rawRequest } from '../support/raw-request.ts'
import { waitFor } from '../support/wait-for.ts'

const burster = fileURLToPath(new URL('../fixtures/bursting-agent.mjs', import.meta.url))
const up = { waitSeconds: 30 }
const megabyte = 1024 * 1024

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon()
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
})

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(body)).toString()
}

describe('a log', () => {
  const program = [
    '/bin/sh',
    '-c',
    'printf "one\\n\\033[31mtwo\\033[0m\\nthr"; printf "ee\\n"; echo oops >&2; printf "no newline"',
  ]

  beforeAll(async () => {
    await daemon.client.run({ template: 'command', name: 'logged', program })
    await waitFor(
      'the run to end',
      async () => (await daemon.client.show('logged')).lastRun !== null,
    )
  })

  test('as text is cleaned of terminal codes', async () => {
    const lines = (await textOf(await daemon.client.logs('logged', { format: 'text' }))).split('\n')
    expect(lines.toSorted()).toEqual(['', 'no newline', 'one', 'oops', 'three', 'two'])
  })

  test('as JSON has each line with its stream, number and time', async () => {
    const entries = await readLog(daemon.client, 'logged')
    expect(entries.filter(({ stream }) => stream === 'out').map(({ text }) => text)).toEqual([
      'one',
      '\u001b[31mtwo\u001b[0m',
      'three',
      'no newline',
    ])
    expect(entries.filter(({ stream }) => stream === 'err').map(({ text }) => text)).toEqual([
      'oops',
    ])
    expect(entries.map(({ seq }) => seq)).toEqual(
      entries.map(({ seq }) => seq).toSorted((left, right) => left - right),
    )
    expect(entries.every(({ at }) => Math.abs(at - Date.now()) < 600_000)).toBe(true)
  })

  test('as recorded is the bytes of the program', async () => {
    expect(await textOf(await daemon.client.logs('logged', { format: 'raw' }))).toBe(
      'one\n\u001b[31mtwo\u001b[0m\nthree\nno newline',
    )
  })

  test('can be read by its last lines, and by what came after an event', async () => {
    const all = await readLog(daemon.client, 'logged')
    for (const lines of [0, 1, 2, 100]) {
      expect(await Array.fromAsync(daemon.client.logEntries('logged', { lines }))).toEqual(
        lines === 0 ? [] : all.slice(-lines),
      )
    }
    expect(
      await Array.fromAsync(daemon.client.logEntries('logged', { since: all.at(-1)?.seq ?? 0 })),
    ).toEqual([])
    expect(await Array.fromAsync(daemon.client.logEntries('logged', { since: 0 }))).toEqual(all)
  })

  test.each(['json', 'raw'] as const)(
    'followed as %s has what is there and what comes, once',
    async (format) => {
      const name = `followed-${format}`
      const { client } = daemon
      await client.run({ template: 'command', name, program: ['/bin/cat'], prompt: 'before' }, up)
      const body = await client.logs(name, { format, follow: true })
      let text = ''
      const reading = (async () => {
        for await (const chunk of body) {
          text += Buffer.from(chunk).toString()
        }
      })().catch(() => undefined)
      const said = (): string =>
        format === 'raw'
          ? text
          : text
              .split('\n')
              .filter((line) => line !== '')
              .map((line) => `${(JSON.parse(line) as { text: string }).text}\n`)
              .join('')
      await waitFor('what was there', () => said() === 'before\n')
      await client.send(name, { body: 'while\nfollowed' }, up)
      await waitFor('what came', () => said() === 'before\nwhile\nfollowed\n')
      await client.sleep(name, up)
      await client.send(name, { body: 'in another run' }, up)
      await waitFor(
        'what the next run says',
        () => said() === 'before\nwhile\nfollowed\nin another run\n',
      )
      body.destroy()
      await reading
    },
  )
})

describe('the events', () => {
  test('go on after the number a client has, given either way', async () => {
    const all = await readEvents(daemon.client)
    expectGapless(all)
    const middle = all[Math.floor(all.length / 2)]?.seq ?? 0
    expect(await readEvents(daemon.client, { since: middle })).toEqual(
      all.filter(({ seq }) => seq > middle),
    )
    const options = {
      socketPath: daemon.home.socketFile,
      path: '/v1/events?follow=false&since=1',
      headers: { 'last-event-id': String(middle) },
    }
    const { text, headers } = await rawRequest(options)
    expect(headers['content-type']).toBe('text/event-stream')
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
    expect(ids).toEqual(all.map(({ seq }) => seq).filter((seq) => seq > middle))
  })

  test('of one agent are those of all, of that agent', async () => {
    const all = await readEvents(daemon.client)
    expect(await readEvents(daemon.client, { agent: 'logged' })).toEqual(
      all.filter(({ agent }) => agent === 'logged'),
    )
  })

  test('after a number that is not there yet are what comes', async () => {
    expect(await readEvents(daemon.client, { since: 10 ** 9 })).toEqual([])
  })

  test('reach a follower gapless over restarts of the daemon, clean and not', async () => {
    await using own = await startTestDaemon()
    const followed: Event[] = []
    const ending = new AbortController()
    const following = (async () => {
      for await (const event of own.client.events({ since: 0, signal: ending.signal })) {
        followed.push(event)
      }
    })().catch(() => undefined)
    await own.client.run({ template: 'command', name: 'a', program: ['/bin/cat'] }, up)
    for (const [round, signal] of (
      ['SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM'] as const
    ).entries()) {
      await own.client.send('a', { body: `round ${round}` }, up)
      await own.restart(signal)
    }
    await own.client.send('a', { body: 'the end' }, up)
    const all = await readEvents(own.client)
    await waitFor('the follower to have all', () => followed.at(-1)?.seq === all.at(-1)?.seq)
    ending.abort()
    await following
    expectGapless(all)
    expect(followed).toEqual(all)
    expect(saidIn(all)).toBe('round 0\nround 1\nround 2\nround 3\nthe end\n')
  })
})

test('a follower that stops reading for a while loses nothing and costs the daemon little memory', async () => {
  await using own = await startTestDaemon()
  const { client } = own
  const lines = 300_000
  await client.run(
    {
      template: 'command',
      name: 'a',
      program: [process.execPath, burster],
      options: { settleMs: 60_000 },
    },
    up,
  )
  const call = request({
    socketPath: own.home.socketFile,
    path: '/v1/events?since=0',
    agent: false,
  }).end()
  const [stream] = (await once(call, 'response')) as [IncomingMessage]
  stream.pause()
  const before = residentBytes(own.pid)
  let most = 0
  await client.send('a', { body: String(lines) })
  const { run } = await client.show('a')
  const bytes = lines * 200
  await waitFor(
    'the daemon to have read it all',
    async () => {
      most = Math.max(most, residentBytes(own.pid))
      return progressOf(own, run) >= bytes && (await lastSeqIsStill(own))
    },
    60_000,
  )
  expect(most - before).toBeLessThan(150 * megabyte)

  let pending = ''
  let count = 0
  let wrong = 0
  let seq = 0
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
    const frames = (pending + chunk).split('\n\n')
    pending = frames.pop() ?? ''
    for (const frame of frames.filter((each) => each.startsWith('id: '))) {
      const event = JSON.parse(frame.slice(frame.indexOf('\ndata: ') + 7)) as Event
      wrong += event.seq === seq + 1 ? 0 : 1
      seq = event.seq
      if (event.type === 'text') {
        for (const line of String(event.data['text']).trimEnd().split('\n')) {
          count++
          wrong += Number(line.slice(0, 9)) === count ? 0 : 1
        }
      }
    }
    if (count === lines) {
      break
    }
  }
  expect({ count, wrong }).toEqual({ count: lines, wrong: 0 })
})

describe('the log of the daemon', () => {
  test('has neither what people say nor the token nor keys', async () => {
    await using own = await startTestDaemon({ config: { log: { level: 'debug' } } })
    const { client, home } = own
    const secret = 'the-secret-word-4711'
    await client.run(
      {
        template: 'command',
        name: 'a',
        program: ['/bin/cat'],
        prompt: secret,
        env: { MY_KEY: secret },
      },
      up,
    )
    await client.send('a', { body: secret }, up)
    await client.send('nobody', { body: secret }).catch(() => undefined)
    await client
      .run({ template: 'command', name: 'b', program: ['/no/such/program'], prompt: secret })
      .catch(() => undefined)
    const token = readFileSync(home.tokenFile, 'utf8').trim()
    const port = Number(new URL(own.status.url).port)
    await rawRequest({
      host: '127.0.0.1',
      port,
      path: '/v1/nothing',
      headers: { authorization: `Bearer ${token}` },
    })
    await own.restart('SIGTERM')
    const log = readFileSync(home.logFile, 'utf8')
    expect(log.split('\n').length).toBeGreaterThan(2)
    expect(log).not.toContain(secret)
    expect(log).not.toContain(token)
  })
})

describe('the system routes', () => {
  test('tell health, counts and themselves', async () => {
    const get = async (at: string): Promise<string> =>
      (await rawRequest({ socketPath: daemon.home.socketFile, path: at })).text
    expect(await get('/healthz')).toBe('ok\n')
    const metrics = await get('/metrics')
    const agents = await daemon.client.list({ all: true })
    expect(metrics).toContain(`\ndrover_agents ${agents.length}\n`)
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m)
    const document = JSON.parse(await get('/openapi.json')) as {
      openapi: string
      paths: Record<string, object>
    }
    expect(document.openapi).toMatch(/^3\.1/)
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/v1/agents',
        '/v1/agents/{name}/messages',
        '/v1/events',
        '/v1/templates',
        '/healthz',
      ]),
    )
  })

  test('tell templates, providers and runtimes', async () => {
    const { client } = daemon
    expect((await client.templates()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['hello', 'assistant', 'chat', 'claude', 'command']),
    )
    expect(await client.template('hello')).toMatchObject({
      source: 'built-in',
      template: { provider: 'chat' },
      text: expect.stringContaining('provider: chat') as string,
    })
    expect(path.isAbsolute((await client.template('hello')).path ?? '')).toBe(true)
    expect((await client.providers()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['chat', 'claude', 'command']),
    )
    const runtimes = await client.runtimes()
    expect(runtimes).toContainEqual(expect.objectContaining({ name: 'process', usable: true }))
    expect(runtimes.map(({ name }) => name)).toEqual([
      'process',
      'systemd',
      'launchd',
      'tmux',
      'docker',
    ])
  })
})

/** Bytes of a run's output that became events. */
function progressOf(own: TestDaemon, run: string | null): number {
  return readFileSync(path.join(own.home.runsFolder, run ?? '', 'out')).length
}

async function lastSeqIsStill({ client }: TestDaemon): Promise<boolean> {
  const { text } = await rawRequest({
    socketPath: (await client.status()).socket,
    path: '/metrics',
  })
  const seq = Number(/^drover_events_total (\d+)$/m.exec(text)?.[1] ?? 0)
  const isStill = seq === lastSeen
  lastSeen = seq
  return isStill
}
let lastSeen = 0
