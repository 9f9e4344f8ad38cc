import type { Environment } from './context.ts'

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const

export type Color = keyof typeof codes
export type Colors = Record<Color, (text: string) => string>

/** Functions that colour text, or leave it alone. */
export function createColors(isEnabled: boolean): Colors {
  const entries = Object.entries(codes).map(([name, [on, off]]) => [
    name,
    isEnabled
      ? (text: string) => (text === '' ? '' : `\u001B[${on}m${text}\u001B[${off}m`)
      : (text: string) => text,
  ])
  return Object.fromEntries(entries) as Colors
}

/** Colours only on a terminal that has them, and never against NO_COLOR. Source: no-color.org. */
export function wantsColors(isTerminal: boolean, env: Environment): boolean {
  return isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
