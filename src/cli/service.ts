import type { Command } from 'commander'
import { isUnreachable } from '../client/resuming-stream.ts'
import { formatByteSize } from '../schema/byte-size.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import { endDaemon, runningText } from './down.ts'
import { formatFields } from './fields.ts'
import { createCommand, createGroup, type CommonOptions, type Invocation } from './invocation.ts'
import type { Output } from './output.ts'
import { refuseInsideAgent } from './own-agent.ts'
import { formatDuration } from './relative-time.ts'
import { findSupervisor, type ServiceState, type Supervisor } from './service/supervisor.ts'
import { withSpinner } from './spinner.ts'

interface ServiceOptions extends CommonOptions {
  system?: boolean
}

export function serviceCommand(invocation: Invocation): Command {
  return createGroup('service', invocation.context)
    .description(
      "The daemon as a service: the machine's own supervisor starts it and brings it back. Agents outlive its restart.",
    )
    .addCommand(installCommand(invocation))
    .addCommand(uninstallCommand(invocation))
    .addCommand(statusCommand(invocation))
}

const systemText = 'a service of the system instead of your own; needs root'

function installCommand(invocation: Invocation): Command {
  const { context, output } = invocation
  return createCommand('install', context)
    .description(
      'Make the service and start it. Again, it writes the service anew where Drover, its home or PATH have changed.',
    )
    .option('--system', systemText)
    .action(async ({ json, system }: ServiceOptions) => {
      refuseInsideAgent('service install', context)
      const supervisor = await findSupervisor(context, { isSystem: system ?? false })
      const work = installAndStart(invocation, supervisor)
      const { done, isTakenOver } = await withSpinner(context, 'starting the service', work)
      const state = await supervisor.state()
      if (json) {
        return output.json({ change: done, isTakenOver, ...state })
      }
      const first = {
        installed: 'The service is installed.',
        refreshed: 'The service was there and has changed; it is written anew.',
        unchanged: 'The service is installed already, and as it should be.',
      }[done]
      const taken = isTakenOver
        ? ' The daemon that ran in this home was ended; its agents went on.'
        : ''
      await output.lines([`${first}${taken}`, '', ...formatState(state, output, Date.now())])
    })
}

/** A home has one daemon: one that runs by itself makes room for the service's. */
async function installAndStart(
  invocation: Invocation,
  supervisor: Supervisor,
): Promise<{ done: 'installed' | 'refreshed' | 'unchanged'; isTakenOver: boolean }> {
  const done = await supervisor.install()
  const { isActive } = await supervisor.state()
  const other = isActive ? null : await findDaemon(invocation)
  if (other) {
    await endDaemon(invocation, other, false)
  }
  if (!isActive || done !== 'unchanged') {
    await supervisor.start({ isAnew: isActive })
  }
  return { done, isTakenOver: other !== null }
}

async function findDaemon({ client }: Invocation): Promise<DaemonStatus | null> {
  try {
    return await client.status()
  } catch (error) {
    if (isUnreachable(error)) {
      return null
    }
    throw error
  }
}

function uninstallCommand(invocation: Invocation): Command {
  const { context, output } = invocation
  return createCommand('uninstall', context)
    .description('End the service and take it away. Its agents go on.')
    .option('--system', systemText)
    .action(async ({ json, system }: ServiceOptions) => {
      refuseInsideAgent('service uninstall', context)
      const supervisor = await findSupervisor(context, { isSystem: system ?? false })
      const daemon = await findDaemon(invocation).catch(() => null)
      const work = supervisor.uninstall()
      const wasThere = await withSpinner(context, 'ending the service', work)
      const running = wasThere ? (daemon?.agents.live ?? 0) : 0
      await (json
        ? output.json({ wasThere, running })
        : output.line(
            wasThere
              ? `The service is gone.${runningText(running)}`
              : 'There is no service of this home.',
          ))
    })
}

function statusCommand(invocation: Invocation): Command {
  const { context, output } = invocation
  return createCommand('status', context)
    .description(
      'Show the service. Exits with 1 when it does not run, and with 3 when it is not installed.',
    )
    .option('--system', systemText)
    .action(async ({ json, system }: ServiceOptions) => {
      const supervisor = await findSupervisor(context, { isSystem: system ?? false })
      const state = await withSpinner(context, 'looking', supervisor.state())
      invocation.exitCode = state.isActive ? 0 : state.isInstalled ? 1 : 3
      await (json ? output.json(state) : output.lines(formatState(state, output, Date.now())))
    })
}

function formatState(state: ServiceState, output: Output, now: number): string[] {
  const { colors } = output
  if (!state.isInstalled && !state.isActive) {
    return ['The service is not installed. `drover service install` does that.', ...state.notes]
  }
  const paint = state.isActive ? colors.green : colors.red
  const since = state.since === null ? '' : `, for ${formatDuration(now - state.since)}`
  return [
    ...formatFields(
      [
        ['service', state.name],
        ['file', state.isInstalled ? state.file : 'not there'],
        ['starts', state.isEnabled ? 'by itself' : 'when told to'],
        ['pid', state.pid === null ? null : String(state.pid)],
        ['memory', state.memoryBytes === null ? null : formatByteSize(state.memoryBytes)],
        ['restarts', state.restarts ? String(state.restarts) : null],
      ],
      output,
    ),
    '',
    `${paint(state.state)}${since}`,
    ...state.notes,
  ]
}
