import { agentPath } from './call-options.ts'
import type { LogEntry } from '../schema/event.ts'
import { LineSplitter } from './line-splitter.ts'
import { ResumingStream, type ResumeOptions } from './resuming-stream.ts'
import type { Transport } from './transport.ts'

export interface LogOptions extends Partial<ResumeOptions> {
  /** Only the last lines. */
  lines?: number | undefined
  /** Only what came after this event. */
  since?: number | undefined
}

const connectMs = 30_000

export function logsPath(name: string): string {
  return `${agentPath(name)}/logs`
}

/**
 * An agent's log, entry by entry. One event can complete several lines, so after a lost connection
 * the last event is asked for again and the entries already given are skipped.
 */
export function openLogStream(
  transport: Transport,
  name: string,
  options: LogOptions,
): ResumingStream<LogEntry> {
  const isFollowing = options.isFollowing ?? false
  /** The event of the last entry given, and how many entries of it were given. */
  let last: { seq: number; given: number } | null = null
  return new ResumingStream<LogEntry>(
    {
      connect: () =>
        transport.open({
          method: 'GET',
          path: logsPath(name),
          query: {
            format: 'json',
            follow: isFollowing,
            ...(last ? { since: last.seq - 1 } : { since: options.since, lines: options.lines }),
          },
          deadlineMs: connectMs,
          signal: options.signal,
        }),
      createReader() {
        const splitter = new LineSplitter()
        let skip = last
        const read = (lines: string[]): LogEntry[] => {
          const entries: LogEntry[] = []
          for (const line of lines) {
            if (line === '') {
              continue
            }
            const entry = JSON.parse(line) as LogEntry
            if (skip && entry.seq === skip.seq && skip.given > 0) {
              skip = { seq: skip.seq, given: skip.given - 1 }
              continue
            }
            last = { seq: entry.seq, given: last?.seq === entry.seq ? last.given + 1 : 1 }
            entries.push(entry)
          }
          return entries
        }
        return {
          push: (text) => read(splitter.push(text)),
          end: () => read(splitter.end()),
        }
      },
      explain: (error) => transport.explain(error),
    },
    { ...options, isFollowing },
  )
}
