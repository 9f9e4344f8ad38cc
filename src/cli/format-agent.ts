import type { Agent, AgentStatus, Peer } from '../schema/agent.ts'
import type { Color, Colors } from './colors.ts'
import { boxColumns } from './format-box.ts'
import { formatCost } from './format-cost.ts'
import { formatCause } from './format-wait.ts'
import { oneLine } from './plain-text.ts'
import { formatRelativeTime } from './relative-time.ts'
import { formatTable, type Column } from './table.ts'

const looks: Readonly<Record<AgentStatus, readonly [dot: string, color: Color]>> = {
  asleep: ['○', 'dim'],
  waking: ['◐', 'yellow'],
  idle: ['●', 'green'],
  working: ['●', 'cyan'],
  waiting: ['●', 'magenta'],
  parked: ['◌', 'yellow'],
  stopping: ['◑', 'yellow'],
  stopped: ['■', 'dim'],
  failed: ['●', 'red'],
  unknown: ['?', 'yellow'],
}

/** The status word; on a terminal with its dot. */
export function statusText(status: AgentStatus, isTerminal: boolean): string {
  return isTerminal ? `${looks[status]?.[0] ?? '?'} ${status}` : status
}

export function paintStatus(text: string, status: AgentStatus, colors: Colors): string {
  return colors[looks[status]?.[1] ?? 'yellow'](text)
}

export interface AgentTableOptions {
  colors: Colors
  isTerminal: boolean
  width: number
  /** Unix ms. */
  now: number
}

/** The table of `drover ps` and of the live list. */
export function formatAgentTable(
  agents: readonly Agent[],
  { colors, isTerminal, width, now }: AgentTableOptions,
): string[] {
  const columns: Column<Agent>[] = [
    ...peerColumns(colors, isTerminal),
    { title: 'RUNTIME', cell: ({ runtime }) => runtime, shrinkTo: 7 },
    { title: 'MODEL', cell: ({ model }) => (model ? oneLine(model) : ''), shrinkTo: 8 },
    { title: 'TAGS', cell: ({ tags }) => tags?.join(' ') ?? '', shrinkTo: 4 },
    { title: 'QUEUED', cell: ({ queued }) => (queued > 0 ? String(queued) : ''), align: 'right' },
    {
      title: 'ATTACHED',
      cell: ({ attached }) => (attached > 0 ? String(attached) : ''),
      align: 'right',
    },
    { title: 'TURNS', cell: ({ turns }) => String(turns), align: 'right' },
    { title: 'COST', cell: ({ cost }) => formatCost(cost), align: 'right' },
    ...boxColumns(agents),
    {
      title: 'ACTIVE',
      cell: ({ activeAt }) => formatRelativeTime(activeAt, now),
      paint: colors.dim,
    },
    {
      title: 'CAUSE',
      cell: (agent) => formatCause(agent, now),
      paint: colors.dim,
      shrinkTo: 5,
    },
  ]
  return formatTable(columns, agents, { width, paintTitle: colors.dim })
}

/** The table of `drover ps` inside of an agent, which is told no more of the others. */
export function formatPeerTable(
  peers: readonly Peer[],
  { colors, isTerminal, width }: Omit<AgentTableOptions, 'now'>,
): string[] {
  const columns: Column<Peer>[] = [
    ...peerColumns(colors, isTerminal),
    { title: 'TEMPLATE', cell: ({ template }) => template ?? '', shrinkTo: 8 },
    { title: 'CAN', cell: ({ capabilities }) => capabilities?.join(' ') ?? '', shrinkTo: 8 },
    { title: 'LABEL', cell: ({ label }) => oneLine(label ?? ''), shrinkTo: 8 },
  ]
  return formatTable(columns, peers, { width, paintTitle: colors.dim })
}

function peerColumns(colors: Colors, isTerminal: boolean): Column<Peer>[] {
  return [
    { title: 'NAME', cell: ({ name }) => name, paint: colors.bold, shrinkTo: 16 },
    {
      title: 'STATUS',
      cell: ({ status }) => statusText(status, isTerminal),
      paint: (text, { status }) => paintStatus(text, status, colors),
    },
    { title: 'PROVIDER', cell: ({ provider }) => provider, shrinkTo: 8 },
  ]
}

/** One agent on one line, after a verb. */
export function formatAgentLine(agent: Agent, colors: Colors, isTerminal: boolean): string {
  const status = paintStatus(statusText(agent.status, isTerminal), agent.status, colors)
  const cause = formatCause(agent, Date.now())
  return `${colors.bold(agent.name)}  ${status}${cause ? colors.dim(`  ${cause}`) : ''}`
}
