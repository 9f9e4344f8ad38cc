import type { Guest } from '../schema/guest.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { formatTimeUntil } from './relative-time.ts'
import { formatTable, type Column } from './table.ts'

type Look = Pick<Output, 'colors' | 'width'>

/** The table of `drover shell --list`. */
export function formatGuestTable(
  guests: readonly Guest[],
  { colors, width }: Look,
  now: number,
): string[] {
  const columns: Column<Guest>[] = [
    { title: 'ID', cell: ({ id }) => id, paint: colors.bold },
    { title: 'AGENT', cell: ({ agent }) => agent, shrinkTo: 10 },
    { title: 'STATE', cell: ({ state }) => state },
    { title: 'PROGRAM', cell: programOf, shrinkTo: 10 },
    { title: 'DIR', cell: ({ dir }) => oneLine(dir), paint: colors.dim, shrinkTo: 10 },
    { title: 'ENDS', cell: ({ expiresAt }) => formatTimeUntil(expiresAt, now), paint: colors.dim },
  ]
  return formatTable(columns, guests, { width, paintTitle: colors.dim })
}

/** One guest on one line. */
export function formatGuestLine(
  guest: Guest,
  { colors }: Pick<Look, 'colors'>,
  now: number,
): string {
  const { id, agent, expiresAt } = guest
  const what = `${programOf(guest)} beside ${agent}`
  return `${colors.bold(id)}  ${what}${colors.dim(`  ends ${formatTimeUntil(expiresAt, now)}`)}`
}

/** One guest of an agent that is named already: `guest_…  /bin/bash, ends in 40m`. */
export function formatGuestBrief(guest: Guest, now: number): string {
  const { id, state, cause, expiresAt } = guest
  const end =
    state === 'ending' ? `is being ended: ${cause}` : `ends ${formatTimeUntil(expiresAt, now)}`
  const doubt = state === 'unknown' ? ", its runtime can't be asked" : ''
  return `${id}  ${programOf(guest)}, ${end}${doubt}`
}

function programOf({ program }: Guest): string {
  return program.length === 0 ? 'shell' : oneLine(program.join(' '))
}
