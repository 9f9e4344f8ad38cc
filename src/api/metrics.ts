import type { Daemon } from '../daemon/index.ts'

/** The daemon's counts. Source: Prometheus text exposition format 0.0.4. */
export function formatMetrics(daemon: Daemon): string {
  const { agents, startedAt } = daemon.status()
  const rows: [name: string, kind: string, help: string, value: number][] = [
    ['drover_agents', 'gauge', 'Agents of this home.', agents.total],
    ['drover_agents_live', 'gauge', 'Agents with a live run.', agents.live],
    ['drover_guests', 'gauge', 'Terminals beside agents.', daemon.context.store.guests.count()],
    [
      'drover_events_total',
      'counter',
      'Events since the home was made.',
      daemon.context.hub.lastSeq,
    ],
    ['process_resident_memory_bytes', 'gauge', 'Memory of the daemon.', process.memoryUsage.rss()],
    [
      'process_start_time_seconds',
      'gauge',
      'When the daemon started, Unix seconds.',
      startedAt / 1000,
    ],
  ]
  return rows
    .map(
      ([name, kind, help, value]) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name} ${value}\n`,
    )
    .join('')
}
