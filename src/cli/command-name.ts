import type { Environment } from './context.ts'

/** How this program is called here: `drover`, or what `npm start` in a checkout says to type. */
export function commandName(env: Environment): string {
  return env['DROVER_COMMAND'] || 'drover'
}
