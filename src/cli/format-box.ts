import type { Agent } from '../schema/agent.ts'
import type { Box } from '../schema/box.ts'
import { formatByteSize } from '../schema/byte-size.ts'
import { oneLine } from './plain-text.ts'
import type { Column } from './table.ts'

/** Columns of boxes, where any agent has one. */
export function boxColumns(agents: readonly Agent[]): Column<Agent>[] {
  return agents.some(({ box }) => box)
    ? [
        { title: 'CONTAINER', cell: ({ box }) => foreignText(box), shrinkTo: 9 },
        { title: 'IMAGE', cell: ({ box }) => imageText(box), shrinkTo: 12 },
        { title: 'MEMORY', cell: ({ box }) => memoryText(box), align: 'right' },
        { title: 'CPU', cell: ({ box }) => cpuText(box), align: 'right' },
      ]
    : []
}

/** What one box uses, for people; null where that is not known. */
export function useText(box: Box): string | null {
  const parts = [
    ['memory', memoryText(box)],
    ['cpu', cpuText(box)],
    ['pids', box.pids === null ? '' : String(box.pids)],
  ].flatMap(([name, text]) => (text ? [`${name} ${text}`] : []))
  return parts.length > 0 ? parts.join(', ') : null
}

/** One of the agent's own is called after its id: who looks for it finds it in `drover show`. */
function foreignText(box: Box | null | undefined): string {
  return box && !box.isOwn ? oneLine(box.container ?? '') : ''
}

function imageText(box: Box | null | undefined): string {
  return box?.isOwn ? oneLine(box.image ?? 'built') : ''
}

function memoryText(box: Box | null | undefined): string {
  if (!box || box.memoryBytes === null) {
    return ''
  }
  const { memoryBytes, memoryLimitBytes } = box
  const limit = memoryLimitBytes === null ? '' : ` / ${formatByteSize(memoryLimitBytes)}`
  return `${roughSize(memoryBytes)}${limit}`
}

/** To the megabyte: it changes all the time. */
function roughSize(bytes: number): string {
  return formatByteSize(Math.ceil(bytes / 1024 ** 2) * 1024 ** 2)
}

/** A processor that works alone is 100 %. */
function cpuText(box: Box | null | undefined): string {
  return box && box.cpuPercent !== null ? `${Math.round(box.cpuPercent)}%` : ''
}
