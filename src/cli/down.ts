import type { Command } from 'commander'
import { isUnreachable, pause } from '../client/resuming-stream.ts'
import { DroverError } from '../schema/error.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { isProcessGone } from './process-gone.ts'
import { withSpinner } from './spinner.ts'

const deadlineMs = 120_000

export function downCommand(invocation: Invocation): Command {
  const { context, client, output } = invocation
  return createCommand('down', context)
    .description(
      'End the daemon. Its agents go on running; with --agents they are put to sleep first.',
    )
    .option('--agents', 'also end every live run; its agent is asleep then')
    .action(async ({ json, agents }: CommonOptions & { agents?: boolean }) => {
      const status = await client.status()
      const ending = endDaemon(invocation, status, agents ?? false)
      await withSpinner(context, agents ? 'putting agents to sleep' : 'ending the daemon', ending)
      const running = agents ? 0 : status.agents.live
      await (json
        ? output.json({ ok: true, pid: status.pid, running })
        : output.line(`The daemon ended.${runningText(running)}`))
    })
}

/** Ends a daemon and waits until it is gone; `agents` ends their runs, too. */
export async function endDaemon(
  { client }: Invocation,
  { pid }: DaemonStatus,
  agents: boolean,
): Promise<void> {
  const end = performance.now() + deadlineMs
  await client.shutdown({ agents, deadlineMs })
  while (!(await isAway(client)) || !isProcessGone(pid)) {
    if (performance.now() > end) {
      throw new DroverError(
        'timeout',
        `The daemon (pid ${pid}) has not ended after ${deadlineMs / 1000} s.`,
      )
    }
    await pause(20)
  }
}

async function isAway(client: Invocation['client']): Promise<boolean> {
  try {
    await client.status()
    return false
  } catch (error) {
    return isUnreachable(error)
  }
}

/** ` 2 agents go on running.` */
export function runningText(running: number): string {
  if (running === 0) {
    return ''
  }
  return running === 1 ? ' 1 agent goes on running.' : ` ${running} agents go on running.`
}
