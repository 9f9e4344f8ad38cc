import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { answerError, answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import { DroverError } from '../schema/error.ts'
import { createClient } from './index.ts'

function frame(seq: number): string {
  const event = { seq, at: 0, type: 'text', agent: 'a', run: 'r', data: { text: String(seq) } }
  return `id: ${seq}\ndata: ${JSON.stringify(event)}\n\n`
}

function sse(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  return response
}

describe('requests', () => {
  it('rejects with daemon_unreachable when the socket is absent', async () => {
    const client = createClient({ socket: '/tmp/drover-no-such.sock' })
    await expect(client.status()).rejects.toMatchObject({ code: 'daemon_unreachable' })
  })

  it('rejects with the error that the daemon described', async () => {
    await using api = await startFakeApi((_, response) =>
      answerError(
        response,
        new DroverError('agent_stopped', 'a is stopped.', { details: { agent: 'a' } }),
      ),
    )
    const failure = createClient({ socket: api.socket }).send('a', { body: 'x' })
    await expect(failure).rejects.toMatchObject({
      code: 'agent_stopped',
      message: 'a is stopped.',
      details: { agent: 'a' },
    })
  })

  it('rejects with timeout when no answer comes within the deadline', async () => {
    await using api = await startFakeApi(() => undefined)
    await expect(
      createClient({ socket: api.socket }).status({ deadlineMs: 30 }),
    ).rejects.toMatchObject({ code: 'timeout' })
  })

  it("rejects with the signal's reason when it is aborted", async () => {
    await using api = await startFakeApi(() => controller.abort(reason))
    const [controller, reason] = [new AbortController(), new Error('enough')]
    await expect(
      createClient({ socket: api.socket }).status({ signal: controller.signal }),
    ).rejects.toBe(reason)
  })

  it('sends the token and its own Host over TCP', async () => {
    const { createServer } = await import('node:http')
    const server = createServer((request, response) => answerJson(response, request.headers))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const client = createClient({ url: `http://127.0.0.1:${port}`, token: 'secret\n' })
    expect(await client.status()).toMatchObject({
      authorization: 'Bearer secret',
      host: `127.0.0.1:${port}`,
    })
    client.close()
    server.close()
  })

  it('waits for a message over a daemon that goes away and comes back', async () => {
    const states = ['cut', 'delivered', 'done']
    await using api = await startFakeApi((_, response) => {
      const state = states.shift()
      if (state === 'cut') {
        response.destroy()
      } else {
        answerJson(response, { id: 'm', state })
      }
    })
    const message = await createClient({ socket: api.socket }).waitForMessage('m', {
      timeoutSeconds: 20,
    })
    expect(message.state).toBe('done')
  })
})

describe('attach', () => {
  const removed = { seq: 4, at: 0, type: 'agent.removed', agent: 'a', run: null, data: {} }

  it('says at a lost connection that it is back, and ends when the agent is removed', async () => {
    await using api = await startFakeApi((_, response) => {
      sse(response)
      if (api.seen.length === 1) {
        response.write(frame(1) + frame(2), () => response.destroy())
      } else {
        response.write(
          `${frame(2)}${frame(3)}id: 4\ndata: ${JSON.stringify(removed)}\n\n${frame(5)}`,
        )
      }
    })
    const stream = createClient({ socket: api.socket }).attach('a b', { since: 0 })
    const events = await Array.fromAsync(stream)
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    expect(
      api.seen.map(({ path, query, headers }) => [
        path,
        query.get('since'),
        headers['last-event-id'],
      ]),
    ).toEqual([
      ['/v1/agents/a%20b/attach', '0', undefined],
      ['/v1/agents/a%20b/attach', '0', '2'],
    ])
  })

  it('rejects with what the daemon refuses it for, and does not try again', async () => {
    await using api = await startFakeApi((_, response) =>
      answerError(response, new DroverError('agent_stopped', 'a is stopped.')),
    )
    await expect(
      Array.fromAsync(createClient({ socket: api.socket }).attach('a')),
    ).rejects.toMatchObject({ code: 'agent_stopped' })
    expect(api.seen).toHaveLength(1)
  })
})

describe('events', () => {
  it('goes on after a lost connection with no event missing or doubled', async () => {
    let connection = 0
    await using api = await startFakeApi((_, response) => {
      connection++
      sse(response)
      if (connection === 1) {
        response.write(frame(1) + frame(2) + frame(3).slice(0, 20), () => response.destroy())
      } else {
        // A daemon that repeats one must not make the client repeat it.
        response.write(frame(2) + frame(3) + frame(4))
      }
    })
    const controller = new AbortController()
    const seen: number[] = []
    for await (const { seq } of createClient({ socket: api.socket }).events({
      since: 0,
      signal: controller.signal,
    })) {
      seen.push(seq)
      if (seq === 4) {
        break
      }
    }
    expect(seen).toEqual([1, 2, 3, 4])
    expect(api.seen.map(({ query }) => query.get('since'))).toEqual(['0', '2'])
    expect(api.seen[1]?.headers['last-event-id']).toBe('2')
  })

  it('outlives a daemon that is started again', async () => {
    await using api = await startFakeApi((request, response) => {
      const since = Number(request.query.get('since'))
      sse(response).write(frame(since + 1))
    })
    const seen: number[] = []
    for await (const { seq } of createClient({ socket: api.socket }).events({ since: 0 })) {
      seen.push(seq)
      if (seq === 3) {
        break
      }
      await api.close()
      setTimeout(() => void api.listen(), 100)
    }
    expect(seen).toEqual([1, 2, 3])
  })

  it('ends after the backlog when it does not follow', async () => {
    await using api = await startFakeApi(
      (_, response) => void sse(response).end(frame(1) + frame(2)),
    )
    const events = await Array.fromAsync(
      createClient({ socket: api.socket }).events({ isFollowing: false }),
    )
    expect(events.map(({ seq }) => seq)).toEqual([1, 2])
  })

  it('gives up with daemon_unreachable when the daemon stays away', async () => {
    await using api = await startFakeApi((_, response) => void sse(response).write(frame(1)))
    const read = async (): Promise<void> => {
      const options = { since: 0, reconnectMs: 100 }
      for await (const event of createClient({ socket: api.socket }).events(options)) {
        expect(event.seq).toBe(1)
        await api.close()
      }
    }
    await expect(read()).rejects.toMatchObject({ code: 'daemon_unreachable' })
  })

  it('ends an idle stream when the signal is aborted', async () => {
    const controller = new AbortController()
    await using api = await startFakeApi((_, response) => {
      sse(response).flushHeaders()
      setImmediate(() => controller.abort(new Error('enough')))
    })
    const read = Array.fromAsync(
      createClient({ socket: api.socket }).events({ signal: controller.signal }),
    )
    await expect(read).rejects.toThrow('enough')
  })
})

function entry(seq: number, text: string): string {
  return `${JSON.stringify({ seq, at: 0, stream: 'out', text })}\n`
}

describe('log entries', () => {
  it('goes on in the middle of an event that completed several lines', async () => {
    let connection = 0
    await using api = await startFakeApi((_, response) => {
      connection++
      response.writeHead(200)
      if (connection === 1) {
        response.write(entry(4, 'a') + entry(5, 'b'), () => response.destroy())
      } else {
        response.write(entry(5, 'b') + entry(5, 'c') + entry(6, 'd'))
      }
    })
    const texts: string[] = []
    for await (const { text } of createClient({ socket: api.socket }).logEntries('x', {
      isFollowing: true,
    })) {
      texts.push(text)
      if (text === 'd') {
        break
      }
    }
    expect(texts).toEqual(['a', 'b', 'c', 'd'])
    expect(api.seen[1]?.query.get('since')).toBe('4')
  })
})
