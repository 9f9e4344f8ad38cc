import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Launch, RunReference, TerminalSize } from '../../contract.ts'
import { addedVariables, takeOutput, terminalScript } from '../../terminal/pane.ts'
import { inFolder, quoteCommand } from '../../terminal/quote.ts'
import { serverSettings } from '../../terminal/server-settings.ts'

const enterScript = fileURLToPath(new URL('enter-terminal.sh', import.meta.url))
const readLaunchScript = fileURLToPath(new URL('../read-launch.sh', import.meta.url))

/** Inside: the folder of the server's socket. Nobody else is there; what an earlier life left goes. */
const socketFolder = '/tmp/.drover-terminal'
export const socketFile = path.posix.join(socketFolder, 'tmux')

/** Of a run with a terminal: by what its container's server is started. A run with pipes has none. */
export function tmuxConfigFile(run: Pick<RunReference, 'folder'>): string {
  return path.join(run.folder, 'tmux.conf')
}

/** Where things are inside. */
export interface TmuxPlace {
  /** The run's folder. */
  folder: string
  socket: string
}

/**
 * Commands for a server that runs a program, and ends with it. The pane's output is taken before
 * tmux reads the first byte of it.
 */
export function encodeTmuxConfig(
  { run, env, terminal }: Pick<Launch, 'run' | 'env'> & { terminal: TerminalSize },
  { folder, socket }: TmuxPlace,
): string {
  const unset = addedVariables.filter((name) => env[name] === undefined)
  const size = ['-x', String(terminal.cols), '-y', String(terminal.rows)]
  const words = [readLaunchScript, folder, terminalScript, 'tmux', socket, run.id]
  const program = ['/bin/sh', enterScript, ...words, unset.join(' ')]
  const takes = inFolder(folder, `trap "" HUP TERM && ${takeOutput}`)
  return [
    ...serverSettings().map(quoteCommand),
    'set-option -s default-terminal "${DROVER_TERM}"',
    [
      [
        'new-session',
        '-d',
        '-E',
        '-s',
        run.id,
        '-n',
        'agent',
        ...size,
        '-c',
        '/',
        '--',
        ...program,
      ],
      ['pipe-pane', '-O', '-t', `=${run.id}:`, takes],
      // Only now: a server without a session would end.
      ['set-option', '-s', 'exit-empty', 'on'],
    ]
      .map(quoteCommand)
      .join(' ; '),
    '',
  ].join('\n')
}
