/** Sizes as people write and read them; units are powers of 1024. It imports nothing: the command line reads it. */

const units = ['', 'k', 'm', 'g', 't'] as const

/**
 * Bytes of `536870912`, `512m`, `1.5g`, `2GiB`; null when it is no such size. `MB` is none: some mean
 * 1000 by it, some 1024.
 */
export function parseByteSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgt])(?:ib)?|b)?$/i.exec(text.trim())
  if (!match) {
    return null
  }
  const power = units.indexOf((match[2] ?? '').toLowerCase() as (typeof units)[number])
  const bytes = Math.round(Number(match[1]) * 1024 ** power)
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** `512 MiB`, `1.5 GiB`: the largest unit that leaves a number from 1 up, with at most one decimal. */
export function formatByteSize(bytes: number): string {
  let power = 0
  let count = bytes
  while (count >= 1024 && power < units.length - 1) {
    count /= 1024
    power++
  }
  const unit = power === 0 ? 'bytes' : `${units[power]?.toUpperCase()}iB`
  return `${Number(count.toFixed(1))} ${unit}`
}
