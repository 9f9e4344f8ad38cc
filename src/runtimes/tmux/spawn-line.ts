import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TmuxLine } from '../terminal/tmux-line.ts'

const clientScript = fileURLToPath(new URL('client.sh', import.meta.url))

type Holding = { ref?: () => void; unref?: () => void } | null

/** A client of tmux on this machine, which ends with this process. */
export function spawnLine(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): TmuxLine {
  const child = spawn('/bin/sh', [clientScript, ...argv], {
    cwd: '/',
    env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) {
    throw new Error('A client of tmux has no pipes.')
  }
  child.stdio[3]?.on('error', () => undefined)
  return {
    stdin,
    stdout,
    stderr,
    onError: (listener) => child.once('error', listener),
    hold: (isHeld) => {
      for (const part of [child, ...child.stdio] as Holding[]) {
        if (isHeld) {
          part?.ref?.()
        } else {
          part?.unref?.()
        }
      }
    },
    close: () => child.stdio.forEach((part) => part?.destroy()),
  }
}
