import { watch } from 'node:fs'
import { LogLines } from '../core/log-lines.ts'
import { runFiles } from '../runtimes/run-folder.ts'
import type { LogEntry } from '../schema/event.ts'
import type { LogsQuery } from '../schema/requests.ts'
import { toEvent } from '../store/index.ts'
import { openPlainHandle } from '../util/plain-file.ts'
import { plainText } from '../util/plain-text.ts'
import { referenceOf, type DaemonContext } from './context.ts'

export interface ReadLogOptions extends LogsQuery {
  agent: { id: string; name: string }
  signal: AbortSignal
}

/** Raw bytes read at once: few for who is at the end, many for who has much to catch up with. */
const leastChunkBytes = 64 * 1024
const mostChunkBytes = 1024 * 1024

/**
 * An agent's log as bytes to send, in pieces; ends when it is read, or with `follow` when the signal
 * aborts. What an agent of the same name said before it was removed is not of this one.
 */
export async function* readLog(
  context: DaemonContext,
  options: ReadLogOptions,
): AsyncGenerator<Buffer> {
  if (options.format === 'raw') {
    yield* readRaw(context, options)
    return
  }
  const format = options.format === 'json' ? formatJson : formatText
  const since = Math.max(
    options.since ?? 0,
    context.store.agents.get(options.agent.id)?.first_seq ?? 0,
  )
  for await (const entries of readEntries(context, { ...options, since })) {
    if (entries.length > 0) {
      yield Buffer.from(entries.map(format).join(''))
    }
  }
}

const formatJson = (entry: LogEntry): string => `${JSON.stringify(entry)}\n`
const formatText = (entry: LogEntry): string => `${plainText(entry.text)}\n`

async function* readEntries(
  context: DaemonContext,
  options: ReadLogOptions,
): AsyncGenerator<LogEntry[]> {
  const { store, hub } = context
  const { agent, follow, signal } = options
  const lines = new LogLines()
  let since = options.since ?? 0
  if (options.lines !== undefined) {
    const last = lastEntries(context, options, options.lines)
    since = last.seq
    yield last.entries
  }
  for (;;) {
    const head = hub.lastSeq
    const { events, hasMore } = store.events.after(since, agent.name)
    yield events.flatMap((event) => lines.push(toEvent(event)))
    since = hasMore ? (events.at(-1)?.seq ?? since) : Math.max(since, head)
    if (!hasMore) {
      if (!follow) {
        yield lines.flush()
        return
      }
      await hub.wait(since, signal)
    }
  }
}

/** The last lines of a log, read backward until there are enough. */
function lastEntries(
  { store, hub }: DaemonContext,
  { agent, since = 0 }: ReadLogOptions,
  count: number,
): { entries: LogEntry[]; seq: number } {
  const seq = hub.lastSeq
  const events = []
  let before = seq + 1
  for (let found = 0; found <= count;) {
    const page = store.events.before(before, agent.name)
    const wanted = page.events.filter((event) => event.seq > since)
    events.push(...wanted)
    before = wanted.at(-1)?.seq ?? 0
    if (!page.hasMore || wanted.length < page.events.length) {
      break
    }
    // A page by itself has no more lines than it has among the others.
    const lines = new LogLines()
    found += wanted.toReversed().flatMap((event) => lines.push(toEvent(event))).length
  }
  const lines = new LogLines()
  const entries = events.toReversed().flatMap((event) => lines.push(toEvent(event)))
  return { entries: count === 0 ? [] : [...entries, ...lines.flush()].slice(-count), seq }
}

/** What the programs of an agent's runs printed, byte for byte, oldest run first. */
async function* readRaw(
  context: DaemonContext,
  { agent, follow, signal }: ReadLogOptions,
): AsyncGenerator<Buffer> {
  const { store, notifier } = context
  const done = new Set<string>()
  for (;;) {
    const next = store.runs.listOfAgent(agent.id).find(({ id }) => !done.has(id))
    if (next) {
      done.add(next.id)
      const hasEnded = (): boolean => store.runs.get(next.id)?.ended_at !== null
      const ending = (): Promise<void> => notifier.wait(`agent:${agent.id}`, signal)
      const from = next.dropped_bytes
      yield* readRawFile(referenceOf(context, next.id).folder, {
        from,
        follow,
        hasEnded,
        ending,
        signal,
      })
    } else if (follow && store.agents.get(agent.id)) {
      await notifier.wait(`agent:${agent.id}`, signal)
    } else {
      return
    }
  }
}

interface RawFileOptions {
  /** Where the output begins that was not given up. */
  from: number
  follow: boolean
  hasEnded: () => boolean
  /** Resolves when the run may have ended. */
  ending: () => Promise<void>
  signal: AbortSignal
}

async function* readRawFile(
  folder: string,
  { from, follow, hasEnded, ending, signal }: RawFileOptions,
): AsyncGenerator<Buffer> {
  const file = await openPlainHandle(runFiles(folder).out).catch(() => null)
  if (!file) {
    return
  }
  let changed = Promise.withResolvers<void>()
  const wake = (): void => changed.resolve()
  const watcher = follow ? watch(folder, wake) : null
  signal.addEventListener('abort', wake)
  let chunkBytes = leastChunkBytes
  try {
    for (let position = from; !signal.aborted;) {
      const isLast = !follow || hasEnded()
      const buffer = Buffer.allocUnsafe(chunkBytes)
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, position)
      position += bytesRead
      chunkBytes =
        bytesRead === chunkBytes ? Math.min(chunkBytes * 2, mostChunkBytes) : leastChunkBytes
      if (bytesRead > 0) {
        yield buffer.subarray(0, bytesRead)
      } else if (isLast) {
        return
      } else {
        await Promise.race([changed.promise, ending()])
        changed = Promise.withResolvers<void>()
      }
    }
  } finally {
    signal.removeEventListener('abort', wake)
    watcher?.close()
    await file.close()
  }
}
