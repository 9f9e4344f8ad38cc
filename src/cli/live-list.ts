import type { Agent } from '../schema/agent.ts'
import type { RunningDaemon } from './context.ts'
import { formatAgentTable } from './format-agent.ts'
import { commandName } from './command-name.ts'
import type { Invocation } from './invocation.ts'
import { createPainter } from './painter.ts'
import { truncateText } from './text-width.ts'

/** Changes that come together are drawn together. */
const gatherMs = 150
/** Relative times grow old by themselves. */
const refreshMs = 15_000

const isShownChange = /^(agent|run|message|turn|approval)\./

/** On a terminal: a list of agents that is redrawn when something happens, until the signal. */
export async function showLiveList(
  { client, context, output }: Invocation,
  daemon: RunningDaemon,
  signal: AbortSignal,
): Promise<void> {
  const { url, lastSeq: since } = daemon.status()
  const painter = createPainter(context.stdout)
  const command = commandName(context.env)
  let timer: NodeJS.Timeout | null = null
  const draw = async (): Promise<void> => {
    const agents = await client.list({ all: true, signal })
    const { columns = 80, rows = 24 } = context.stdout
    painter.draw(formatFrame(agents, { url, columns, rows, output, command }))
  }
  const drawSoon = (): void => {
    timer ??= setTimeout(() => {
      timer = null
      // A list that can't be read now is read at the next change.
      draw().catch(() => undefined)
    }, gatherMs)
  }
  const clock = setInterval(drawSoon, refreshMs)
  context.stdout.on('resize', drawSoon)
  try {
    await draw()
    for await (const { type } of client.events({ since, signal })) {
      if (isShownChange.test(type)) {
        drawSoon()
      }
    }
  } finally {
    context.stdout.off('resize', drawSoon)
    clearInterval(clock)
    clearTimeout(timer ?? undefined)
  }
}

interface FrameOptions {
  url: string
  columns: number
  rows: number
  /** How `drover` is called here. */
  command: string
  output: Pick<Invocation['output'], 'colors'>
}

/** The lines of one drawing; never more than fit the terminal, for those above could not be redrawn. */
export function formatFrame(
  agents: readonly Agent[],
  { url, columns, rows, command, output: { colors } }: FrameOptions,
): string[] {
  const { dim, cyan } = colors
  const cut = (text: string): string => truncateText(text, columns - 1)
  const name = agents[0]?.name ?? 'hello'
  const foot = [
    '',
    dim(cut(`${url}   Ctrl-C ends the daemon; agents go on`)),
    cyan(cut(`  ${command} send ${name} "…" --wait`)),
    cyan(cut(`  ${command} run claude "…" --name NAME`)),
    cyan(cut(`  ${command} logs ${name} -f`)),
  ]
  const room = Math.max(rows - foot.length - 3, 1)
  const byActivity = agents.toSorted((one, other) => other.activeAt - one.activeAt)
  const shown = byActivity.slice(0, room)
  const hidden = agents.length - shown.length
  const table =
    agents.length === 0
      ? [dim(cut('no agents'))]
      : formatAgentTable(shown, { colors, isTerminal: true, width: columns - 1, now: Date.now() })
  return [
    ...table,
    ...(hidden > 0 ? [dim(cut(`… and ${hidden} more: ${command} ps -a`))] : []),
    ...foot,
  ]
}
