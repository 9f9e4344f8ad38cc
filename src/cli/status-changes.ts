import type { RunningDaemon } from './context.ts'
import type { Invocation } from './invocation.ts'
import { oneLine } from './plain-text.ts'
import { formatClock } from './relative-time.ts'

/** Without a terminal: one plain line for each change of an agent's status, until the signal. */
export async function printStatusChanges(
  { client, output }: Invocation,
  daemon: RunningDaemon,
  signal: AbortSignal,
): Promise<void> {
  const { startedAt, lastSeq: since } = daemon.status()
  for await (const { type, at, agent, data } of client.events({ since, signal })) {
    if (type === 'agent.status' && at >= startedAt) {
      const cause = typeof data['cause'] === 'string' ? `: ${oneLine(data['cause'])}` : ''
      await output.line(`${formatClock(at)} ${agent} ${String(data['status'])}${cause}`)
    }
  }
}
