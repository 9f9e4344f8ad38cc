import type { Readable, Writable } from 'node:stream'

/** What a client of tmux in control mode is spoken to by, wherever it runs. */
export interface TmuxLine {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Told where it could not be begun, or broke. */
  onError(listener: (error: Error) => void): void
  /** While somebody waits for an answer it keeps this process up, else it does not. */
  hold(isHeld: boolean): void
  close(): void
}

/** What every client of ours is given before its commands; `-N` starts no server. */
export function clientArguments(
  socket: string,
  commands: readonly (readonly string[])[],
  canStart: boolean,
): string[] {
  const words = commands.flatMap((each, index) => (index > 0 ? [';', ...each] : each))
  return ['-S', socket, '-f', '/dev/null', '-u', '-C', ...(canStart ? [] : ['-N']), ...words]
}
