import { spawn, type ChildProcess } from 'node:child_process'
import { sendSignal } from '../../util/process-identity.ts'
import { toolOutputBytes } from './file-tools.ts'

/** How long a command that ended may go on printing through children it left behind, ms. */
const drainMs = 500

export interface CommandResult {
  output: string
  isError: boolean
}

/**
 * Runs a program in the folder, without a shell, in a process group of its own; at the deadline, or
 * when the turn is aborted, the whole group is killed. Never rejects.
 */
export async function runCommand(
  argv: readonly string[],
  { folder, deadlineMs, signal }: { folder: string; deadlineMs: number; signal: AbortSignal },
): Promise<CommandResult> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed = collectOutput(child)
  const deadline = AbortSignal.timeout(deadlineMs)
  const kill = () => child.pid !== undefined && sendSignal(-child.pid, 'SIGKILL')
  const either = AbortSignal.any([deadline, signal])
  either.addEventListener('abort', kill)
  if (either.aborted) {
    kill()
  }
  try {
    const ending = await waitForEnd(child)
    const note = deadline.aborted ? `killed after ${deadlineMs} ms` : ending
    return { output: `${printed()}[${note}]`, isError: note !== 'exit code 0' }
  } finally {
    either.removeEventListener('abort', kill)
  }
}

/** Keeps the first bytes of what a child prints, and says how much was left out. */
function collectOutput(child: ChildProcess): () => string {
  const kept: Buffer[] = []
  let keptBytes = 0
  let allBytes = 0
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      const piece = chunk.subarray(0, Math.max(0, toolOutputBytes - keptBytes))
      kept.push(piece)
      keptBytes += piece.length
      allBytes += chunk.length
    })
  }
  return () => {
    const text = Buffer.concat(kept).toString('utf8')
    const ended = text === '' || text.endsWith('\n') ? text : `${text}\n`
    return allBytes > keptBytes ? `${ended}[cut: ${allBytes - keptBytes} more bytes]\n` : ended
  }
}

function waitForEnd(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  child.once('error', (error) => resolve(`could not be started: ${error.message}`))
  child.once('close', (code, signal) => resolve(describeEnd(code, signal)))
  child.once('exit', (code, signal) => {
    // A child left behind may hold the pipes open; it must not hold the turn.
    const timer = setTimeout(() => {
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve(describeEnd(code, signal))
    }, drainMs)
    child.once('close', () => clearTimeout(timer))
  })
  return promise
}

function describeEnd(code: number | null, signal: string | null): string {
  return code === null ? `killed by ${signal ?? 'a signal'}` : `exit code ${code}`
}
