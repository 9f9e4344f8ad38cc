import type { Command } from 'commander'
import { toProblem } from '../schema/error.ts'
import { createServiceNotifier } from '../util/service-notifier.ts'
import type { CliContext, RunningDaemon } from './context.ts'
import { startDetached } from './detach.ts'
import { runningText } from './down.ts'
import { toDroverError } from './failure.ts'
import { showFirstRound } from './first-round.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { showLiveList } from './live-list.ts'
import { refuseInsideAgent } from './own-agent.ts'
import { oneLine } from './plain-text.ts'
import { printStatusChanges } from './status-changes.ts'
import { formatStatus } from './status.ts'
import { withSpinner } from './spinner.ts'

interface UpOptions extends CommonOptions {
  detach?: boolean
  moveAsideCorrupt?: boolean
}

export function upCommand(invocation: Invocation): Command {
  return createCommand('up', invocation.context)
    .description('Start the daemon. Ctrl-C ends it and leaves its agents running.')
    .option('-d, --detach', 'return once it is ready')
    .option('--move-aside-corrupt', 'start over when the database is corrupt; the old file is kept')
    .action(async (options: UpOptions) => {
      refuseInsideAgent('up', invocation.context)
      await (options.detach ? upDetached(invocation, options) : up(invocation, options))
    })
}

async function upDetached(
  invocation: Invocation,
  { json, moveAsideCorrupt }: UpOptions,
): Promise<void> {
  const { context, output } = invocation
  const starting = startDetached(invocation, moveAsideCorrupt ?? false)
  const { status, isNew } = await withSpinner(context, 'starting the daemon', starting)
  if (json) {
    return output.json(status)
  }
  if (!isNew) {
    output.note('A daemon already runs in this home.')
  }
  await output.lines(formatStatus(status, output, Date.now()))
}

async function up(invocation: Invocation, options: UpOptions): Promise<void> {
  const { context } = invocation
  const ending = listenForEnd(context)
  const notifier = createServiceNotifier(context.env)
  try {
    const daemon = await startHere(invocation, options)
    if (!daemon) {
      return
    }
    await notifier?.ready()
    const controller = new AbortController()
    const shown = show(invocation, daemon, {
      isJson: options.json ?? false,
      // Nobody watches a service: it makes no agent that nobody asked for.
      isWatched: notifier === null,
      signal: controller.signal,
    })
    const isAsked = await Promise.race([
      ending.asked.then(() => true),
      daemon.closed.then(() => false),
    ])
    controller.abort()
    await shown
    const running = isAsked ? await countRunning(invocation) : 0
    await notifier?.stopping()
    await daemon.stop()
    await daemon.closed
    if (!context.notifyParent && !options.json) {
      const again = running > 0 ? ' The next `drover up` adopts what runs.' : ''
      await invocation.output.line(`The daemon ended.${runningText(running)}${again}`)
    }
  } finally {
    notifier?.close()
    ending.dispose()
  }
}

/** A parent that waits hears of a failure itself; the log keeps to its format. */
async function startHere(
  invocation: Invocation,
  options: UpOptions,
): Promise<RunningDaemon | null> {
  const { context } = invocation
  const { home, env, version, notifyParent } = context
  try {
    const moveAsideCorrupt = options.moveAsideCorrupt ?? false
    const daemon = await context.startDaemon({ home, env, version, moveAsideCorrupt })
    notifyParent?.({ ready: daemon.status() })
    return daemon
  } catch (error) {
    if (!notifyParent) {
      throw error
    }
    const failure = toDroverError(error)
    notifyParent({ problem: toProblem(failure) })
    invocation.exitCode = failure.row.exit
    return null
  }
}

/** What a foreground daemon shows, until the signal. Trouble here is no trouble of the daemon. */
async function show(
  invocation: Invocation,
  daemon: RunningDaemon,
  { isJson, isWatched, signal }: { isJson: boolean; isWatched: boolean; signal: AbortSignal },
): Promise<void> {
  const { context, output } = invocation
  if (context.notifyParent) {
    return
  }
  if (isJson) {
    return output.json(daemon.status())
  }
  const { version, url, pid } = daemon.status()
  const { bold, cyan } = output.colors
  await output.line(`${bold('Drover')} ${version} is ready: ${cyan(url)} (pid ${pid})`)
  try {
    if (isWatched) {
      await showFirstRound(invocation, signal)
    }
    await (output.isTerminal
      ? showLiveList(invocation, daemon, signal)
      : printStatusChanges(invocation, daemon, signal))
  } catch (error) {
    if (!signal.aborted) {
      output.note(`drover: ${oneLine(toDroverError(error).message)}`)
    }
  }
}

async function countRunning({ client }: Invocation): Promise<number> {
  try {
    return (await client.status({ deadlineMs: 2000 })).agents.live
  } catch {
    return 0
  }
}

/** Terminals and npm may both pass on one Ctrl-C; only a later one is a second. */
const secondAfterMs = 1000

/** Waits for a signal that asks for the end; a second one ends the process at once. */
function listenForEnd(context: CliContext): { asked: Promise<void>; dispose(): void } {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  let askedAt: number | null = null
  const listen = (): void => {
    if (askedAt === null) {
      askedAt = performance.now()
      resolve()
    } else if (performance.now() - askedAt > secondAfterMs) {
      context.exit(130)
    }
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) {
    process.on(signal, listen)
  }
  return {
    asked,
    dispose: () => {
      for (const signal of signals) {
        process.off(signal, listen)
      }
    },
  }
}
