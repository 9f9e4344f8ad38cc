import type { Command } from 'commander'
import type { DaemonStatus } from '../schema/reports.ts'
import { formatFields } from './fields.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import type { Output } from './output.ts'
import { formatDuration } from './relative-time.ts'

export function statusCommand({ context, client, output }: Invocation): Command {
  return createCommand('status', context)
    .description('Show the daemon of this home. Exits with 5 when none runs.')
    .action(async ({ json }: CommonOptions) => {
      const status = await client.status()
      await (json ? output.json(status) : output.lines(formatStatus(status, output, Date.now())))
    })
}

export function formatStatus(status: DaemonStatus, output: Output, now: number): string[] {
  const { colors } = output
  const { agents, recovered } = status
  const dot = output.isTerminal ? `${colors.green('●')} ` : ''
  const found = Object.entries(recovered).filter(([, count]) => count > 0)
  return [
    `${dot}${colors.bold('Drover')} ${status.version} is up, for ${formatDuration(now - status.startedAt)}`,
    '',
    ...formatFields(
      [
        ['url', status.url],
        ['home', status.home],
        ['socket', status.socket],
        ['pid', String(status.pid)],
        ['host', status.host],
        ['node', status.node],
        ['agents', `${agents.total}, ${agents.live} of them live`],
        ['recovering', status.recovering ? `${status.recovering} more` : null],
        ['recovered', found.map(([what, count]) => `${count} ${what}`).join(', ') || null],
      ],
      output,
    ),
  ]
}
