import type { Output } from './output.ts'
import { allText } from './plain-text.ts'

/** Aligned `name  value` lines, values without what a terminal acts on; null values are left out, later lines of a value are indented. */
export function formatFields(
  fields: readonly (readonly [string, string | null])[],
  { colors }: Output,
): string[] {
  const shown = fields.filter(
    (field): field is readonly [string, string] => field[1] !== null && field[1] !== '',
  )
  const width = shown.reduce((widest, [name]) => Math.max(widest, name.length), 0)
  return shown.map(([name, value]) => {
    const lines = allText(value)
      .split('\n')
      .join(`\n${' '.repeat(width + 2)}`)
    return `${colors.dim(name.padEnd(width))}  ${lines}`
  })
}
