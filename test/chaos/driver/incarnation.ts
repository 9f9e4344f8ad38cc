import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { DaemonStatus } from '../../../src/schema/reports.ts'
import type { Home } from '../../../src/util/home.ts'
import { baseEnvironment, mainFile, type DaemonExit } from '../../support/daemon.ts'

const clockModule = fileURLToPath(new URL('shifted-clock.ts', import.meta.url))

/** One daemon process, from its birth on; it may die before it is ready. */
export interface Incarnation {
  pid: number
  /** As `performance.now` counts. */
  bornAt: number
  /** The point it is to die at; null where none is. */
  fault: string | null
  /** What it says of itself once it takes requests; null when it ended before. */
  ready: Promise<DaemonStatus | null>
  exited: Promise<DaemonExit>
  hasExited: () => boolean
  kill(signal: NodeJS.Signals): void
  stderr(): string
}

/** Starts a daemon from source, with a fault to die of, and a clock that can be set. */
export function bear(
  home: Home,
  {
    fault,
    clockFile,
    env,
  }: { fault: string | null; clockFile: string; env: Readonly<Record<string, string>> },
): Incarnation {
  const bornAt = performance.now()
  const child = spawn(process.execPath, ['--import', clockModule, mainFile, 'up', '--json'], {
    cwd: '/',
    env: {
      ...baseEnvironment(home),
      ...env,
      CHAOS_CLOCK: clockFile,
      ...(fault === null ? {} : { DROVER_FAULT: fault }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let end: DaemonExit | null = null
  const exited = once(child, 'exit').then(([code, signal]): DaemonExit => (end = { code, signal }))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ready = Promise.race([readLine(child), exited.then(() => null)]).then((line) =>
    line === null ? null : (JSON.parse(line) as DaemonStatus),
  )
  return {
    pid: child.pid ?? 0,
    bornAt,
    fault,
    ready,
    exited,
    hasExited: () => end !== null,
    kill: (signal) => void child.kill(signal),
    stderr: () => stderr,
  }
}

async function readLine({ stdout }: ChildProcess): Promise<string> {
  let text = ''
  const { promise, resolve } = Promise.withResolvers<string>()
  stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    const end = text.indexOf('\n')
    if (end >= 0) {
      resolve(text.slice(0, end))
    }
  })
  return await promise
}
