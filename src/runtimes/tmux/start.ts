import { DroverError } from '../../schema/error.ts'
import type { Launch, TerminalSize } from '../contract.ts'
import { markOf } from '../holder/marks.ts'
import { holderCommand, identifyHolder, spawnHolder } from '../holder/start-holder.ts'
import type { TmuxHandle } from './handle.ts'
import { addedVariables, takeOutput, terminalScript } from '../terminal/pane.ts'
import { inFolder } from '../terminal/quote.ts'
import type { TmuxServer } from './server.ts'

/** A program with pipes has nothing to do with tmux: its holder is the one of every runtime. */
export async function startPiped(launch: Launch): Promise<TmuxHandle> {
  return { v: 1, ...(await spawnHolder(holderCommand(launch))), session: null }
}

/** Brings a program up in a session of its own. Errors: `start_failed`, `runtime_unavailable`. */
export async function startAtTerminal(
  server: TmuxServer,
  launch: Launch & { terminal: TerminalSize },
  signal: AbortSignal,
): Promise<TmuxHandle> {
  const { run } = launch
  try {
    const [first] = await server.command(
      [
        newSession(launch, server),
        ['set-option', '-t', `=${run.id}:`, '@instance', run.instance],
        ['pipe-pane', '-O', '-t', `=${run.id}:`, inFolder(run.folder, takeOutput)],
      ],
      signal,
    )
    const pid = Number(first?.[0]?.toString())
    return { v: 1, ...(await identifyHolder(pid)), session: run.id }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof DroverError) {
      throw error
    }
    throw new DroverError(
      'start_failed',
      `The terminal could not be made: ${(error as Error).message}`,
      { cause: error },
    )
  }
}

function newSession(
  { run, argv, env, cwd, terminal }: Launch & { terminal: TerminalSize },
  server: TmuxServer,
): string[] {
  const { SHELL: shell, ...others } = env
  // tmux has a SHELL of its own for each pane.
  const given = {
    ...others,
    ...(shell === undefined ? {} : { DROVER_SHELL: shell }),
    ...markOf(run),
  }
  const unset = ['PATH', ...addedVariables].filter((name) => env[name] === undefined)
  const environment = Object.entries(given).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const size = ['-x', String(terminal.cols), '-y', String(terminal.rows)]
  const toMake = ['new-session', '-d', '-E', '-P', '-F', '#{pane_pid}', '-s', run.id, '-n', 'agent']
  const holder = ['/bin/sh', terminalScript, run.folder, server.program ?? 'tmux', server.socket]
  const words = [run.id, cwd, unset.join(' '), ...argv]
  return [...toMake, ...size, '-c', '/', ...environment, '--', ...holder, ...words]
}
