import type { RunReference } from '../contract.ts'

const suffix = '.service'

/** The unit of a run: home and run, so it is known before there is one. */
export function unitName(run: Pick<RunReference, 'id' | 'instance'>): string {
  return `${unitPrefix(run.instance)}${escapeWord(run.id)}${suffix}`
}

/** How the names of all units of a home begin. */
export function unitPrefix(instance: string): string {
  return `drover-${escapeWord(instance)}-`
}

/** The run a unit is of; null when it is none of this home's. */
export function runOfUnit(unit: string, instance: string): string | null {
  const prefix = unitPrefix(instance)
  return unit.startsWith(prefix) && unit.endsWith(suffix)
    ? unescapeWord(unit.slice(prefix.length, -suffix.length))
    : null
}

/** As `systemd-escape` does it, so that nothing in a word separates, or is a specifier. Source: systemd.unit(5). */
function escapeWord(word: string): string {
  return Array.from(Buffer.from(word), (byte, index) => {
    const letter = String.fromCharCode(byte)
    return /[A-Za-z0-9:_]/.test(letter) || (letter === '.' && index > 0)
      ? letter
      : `\\x${byte.toString(16).padStart(2, '0')}`
  }).join('')
}

function unescapeWord(word: string): string {
  const bytes = word.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString()
}
