import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { DroverError } from '../../schema/error.ts'
import type { RunReference } from '../contract.ts'
import type { TmuxServer } from './server.ts'

/** A terminal as large as tmux can have it has fewer bytes to show. */
const mostBytes = 64 * 1024 * 1024

/**
 * The screen as text. By a process of its own: what a program wrote there could be read as the end of
 * a reply by who shares a connection with others. Errors: `terminal_gone`.
 */
export async function readScreen(
  server: TmuxServer,
  run: RunReference,
  signal: AbortSignal,
): Promise<string> {
  const words = ['-S', server.socket, '-u', 'capture-pane', '-p', '-t', `=${run.id}:`]
  try {
    const { stdout } = await promisify(execFile)(server.program ?? 'tmux', words, {
      env: server.env,
      maxBuffer: mostBytes,
      signal,
    })
    return stdout
  } catch (error) {
    signal.throwIfAborted()
    throw new DroverError('terminal_gone', 'There is no such terminal any more.', { cause: error })
  }
}
