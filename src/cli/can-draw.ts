import type { CliContext } from './context.ts'

/** A person sits at a terminal that can do more than print lines. */
export function canDraw({ stdin, stdout, env }: CliContext): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb'
}
