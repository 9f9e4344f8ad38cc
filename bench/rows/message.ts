import { once } from 'node:events'
import { closeSync, fsyncSync, openSync, readSync, watch, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../src/client/index.ts'
import type { Finding, Row } from '../row.ts'
import { formatMs, formatRatio, interleave, median, percentile } from '../statistics.ts'
import type { Scratch } from '../scratch.ts'

const rounds = 1000
const warmUp = 50
/** Messages in a row, and the pause after them: plain text has no turns, so the agent's answer ends with silence. */
const burst = 50
const pauseMs = 150

/** From a message to the echo of a live agent, as the client sees it; the message is on disk by then. */
export const messageRow: Row = {
  name: 'message',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await scratch.startDaemon()
    await daemon.run('echo', ['/bin/cat'])
    const echo = await openEcho(daemon.client)
    const pipe = openPipe(scratch)
    const file = openFile(scratch)
    const samples = { echo: [] as number[], pipe: [] as number[], file: [] as number[] }
    const timed = async (
      into: number[],
      round: number,
      work: () => Promise<void>,
    ): Promise<void> => {
      const begun = performance.now()
      await work()
      if (round >= warmUp) {
        into.push(performance.now() - begun)
      }
    }
    await interleave(
      warmUp + rounds,
      async (round) => (round % burst === 0 ? await sleep(pauseMs) : undefined),
      async (round) =>
        await timed(samples.pipe, round, async () => await pipe.exchange(`pipe ${round}\n`)),
      async (round) =>
        await timed(samples.file, round, async () => await file.exchange(`file ${round}\n`)),
      async (round) =>
        await timed(samples.echo, round, async () => await echo.exchange(`message ${round}`)),
    )
    echo.close()
    file.close()
    const [p50, p99] = [median(samples.echo), percentile(samples.echo, 0.99)]
    const [pipe50, file50] = [median(samples.pipe), median(samples.file)]
    const file99 = percentile(samples.file, 0.99)
    const floor = `${formatMs(pipe50)} (pipe echo), ${formatMs(file50)} (append + fsync + watch)`
    const figures = {
      echoP50Ms: p50,
      echoP99Ms: p99,
      pipeP50Ms: pipe50,
      fileP50Ms: file50,
      fileP99Ms: file99,
    }
    const what = 'message → echo of a live agent, durable'
    return [
      {
        what: `${what}, p50`,
        measured: formatMs(p50),
        floor,
        ratio: '',
        goal: '≤ 1 ms',
        isMet: p50 <= 1,
        figures,
      },
      {
        what: `${what}, p99`,
        measured: formatMs(p99),
        floor: `${formatMs(file99)} (append + fsync + watch)`,
        ratio: '',
        goal: '≤ 10 ms',
        isMet: p99 <= 10,
        figures: {},
      },
      {
        what: `${what}, against append + fsync + watch`,
        measured: formatMs(p50),
        floor: formatMs(file50),
        ratio: formatRatio(p50 / file50),
        goal: '≤ 3×',
        isMet: p50 / file50 <= 3,
        figures: {},
      },
    ]
  },
}

interface Exchange {
  /** Resolves when the text is back. */
  exchange(text: string): Promise<void>
  close(): void
}

/** A message by request, its echo by the event stream. */
async function openEcho(client: Client): Promise<Exchange> {
  const ending = new AbortController()
  const events = await client.events({ agent: 'echo', signal: ending.signal }).open()
  let awaited = ''
  let back = Promise.withResolvers<void>()
  const reading = (async () => {
    for await (const { type, data } of events) {
      if (type === 'text' && data['text'] === `${awaited}\n`) {
        back.resolve()
      }
    }
  })().catch(() => undefined)
  return {
    async exchange(body) {
      awaited = body
      back = Promise.withResolvers<void>()
      await Promise.all([back.promise, client.send('echo', { body })])
    },
    close() {
      ending.abort(new Error('over'))
      void reading
    },
  }
}

/** The first floor: nothing is kept. */
function openPipe(scratch: Scratch): Exchange {
  const child = scratch.spawn(['/bin/cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const { stdin, stdout } = child
  if (!stdin || !stdout) {
    throw new Error('The floor has no pipes.')
  }
  return {
    async exchange(text) {
      stdin.write(text)
      await once(stdout, 'data')
    },
    close: () => child.kill(),
  }
}

/** The second floor: a line is appended and synced; a watcher of the file reads it back. */
function openFile(scratch: Scratch): Exchange {
  const path = scratch.file('appended')
  const descriptor = openSync(path, 'a+', 0o600)
  const buffer = Buffer.alloc(1024)
  let position = 0
  let awaited = ''
  let back = Promise.withResolvers<void>()
  const watcher = watch(path, () => {
    position += readSync(descriptor, buffer, 0, buffer.length, position)
    if (buffer.toString('utf8').startsWith(awaited)) {
      back.resolve()
    }
  })
  return {
    async exchange(text) {
      awaited = text
      back = Promise.withResolvers<void>()
      writeSync(descriptor, text)
      fsyncSync(descriptor)
      await back.promise
    },
    close() {
      watcher.close()
      closeSync(descriptor)
    },
  }
}
