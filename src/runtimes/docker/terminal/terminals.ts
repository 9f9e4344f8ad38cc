import { existsSync } from 'node:fs'
import { DroverError } from '../../../schema/error.ts'
import type { RunReference, TerminalConnection, TerminalOptions } from '../../contract.ts'
import { attachCommand, TerminalView } from '../../terminal/terminal-view.ts'
import { clientArguments, type TmuxLine } from '../../terminal/tmux-line.ts'
import type { EngineExec } from '../engine/exec.ts'
import type { EngineLink } from '../engine-link.ts'
import type { DockerHandle } from '../handle.ts'
import { guestSocket } from '../guests/guest-files.ts'
import { socketFile, tmuxConfigFile } from './tmux-config.ts'

export interface TerminalPlace {
  run: RunReference
  handle: DockerHandle
}

/** Comes to a terminal in a container, by a client of tmux inside. Errors: `no_terminal`, `terminal_gone`. */
export async function openTerminal(
  link: EngineLink,
  { run, handle }: TerminalPlace,
  options: TerminalOptions,
): Promise<TerminalConnection> {
  needTerminal(run)
  const argv = ['tmux', ...clientArguments(socketOf(handle), [attachCommand(run, options)], false)]
  const exec = await callTmux(link, handle, argv, options.signal)
  return await TerminalView.open(lineOf(exec), run, options)
}

/** Errors: `no_terminal`, `terminal_gone`. */
export async function readScreen(
  link: EngineLink,
  { run, handle }: TerminalPlace,
  signal: AbortSignal,
): Promise<string> {
  needTerminal(run)
  const argv = ['tmux', '-S', socketOf(handle), '-u', 'capture-pane', '-p', '-t', `=${run.id}:`]
  const exec = await callTmux(link, handle, argv, signal)
  exec.stdin.end()
  exec.stderr.resume()
  const chunks: Buffer[] = []
  for await (const chunk of exec.stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk)
  }
  if ((await exec.exitCode(signal)) !== 0) {
    throw goneError()
  }
  return Buffer.concat(chunks).toString()
}

async function callTmux(
  link: EngineLink,
  { container }: DockerHandle,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<EngineExec> {
  const engine = await link.engine(signal)
  try {
    return await engine.exec(container, { argv }, signal)
  } catch (error) {
    if (error instanceof DroverError && error.code !== 'engine_unreachable') {
      throw goneError(error)
    }
    throw error
  }
}

function lineOf(exec: EngineExec): TmuxLine {
  const { stdin, stdout, stderr } = exec
  return {
    stdin,
    stdout,
    stderr,
    onError: (listener) => stdout.once('error', listener),
    // Who looks ends it before the process does.
    hold: () => undefined,
    close: () => exec.close(),
  }
}

function socketOf({ guest }: DockerHandle): string {
  return guest === undefined ? socketFile : guestSocket
}

function needTerminal(run: RunReference): void {
  if (!existsSync(tmuxConfigFile(run))) {
    throw new DroverError('no_terminal', 'It has pipes, and no terminal.')
  }
}

function goneError(cause?: unknown): DroverError {
  return new DroverError('terminal_gone', 'There is no such terminal any more.', { cause })
}
