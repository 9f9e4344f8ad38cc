import type { BenchDaemon } from './bench-daemon.ts'

/** The client's one event stream, asked for the next event of a kind. */
export interface AgentEvents {
  firstText(agent: string): Promise<void>
  turnEnd(agent: string): Promise<void>
  close(): void
}

export function followAgents(daemon: BenchDaemon): AgentEvents {
  const ending = new AbortController()
  const waiting = new Map<string, () => void>()
  const reading = (async () => {
    for await (const { type, agent } of daemon.client.events({ signal: ending.signal })) {
      const key = `${type} ${agent}`
      waiting.get(key)?.()
      waiting.delete(key)
    }
  })().catch(() => undefined)
  const next = async (key: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.set(key, resolve)
    await promise
  }
  return {
    firstText: async (agent) => await next(`text ${agent}`),
    turnEnd: async (agent) => await next(`turn.ended ${agent}`),
    close() {
      ending.abort(new Error('over'))
      void reading
    },
  }
}
