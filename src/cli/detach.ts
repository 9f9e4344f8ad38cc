import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { isUnreachable } from '../client/resuming-stream.ts'
import { DroverError, fromProblem } from '../schema/error.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import type { ReadyNotice } from './context.ts'
import type { Invocation } from './invocation.ts'

const readyMs = 60_000

/**
 * Starts a daemon that outlives this process and waits until it is ready. One that already runs is
 * as good. Throws what the child could not start for.
 */
export async function startDetached(
  invocation: Invocation,
  moveAsideCorrupt: boolean,
): Promise<{ status: DaemonStatus; isNew: boolean }> {
  const running = await findRunning(invocation)
  if (running) {
    return { status: running, isNew: false }
  }
  try {
    return { status: await spawnDaemon(invocation, moveAsideCorrupt), isNew: true }
  } catch (error) {
    const winner = isLocked(error) ? await findRunning(invocation) : null
    if (winner) {
      return { status: winner, isNew: false }
    }
    throw error
  }
}

async function findRunning({ client }: Invocation): Promise<DaemonStatus | null> {
  try {
    return await client.status()
  } catch (error) {
    if (isUnreachable(error)) {
      return null
    }
    throw error
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof DroverError && error.code === 'home_locked'
}

async function spawnDaemon(
  { context }: Invocation,
  moveAsideCorrupt: boolean,
): Promise<DaemonStatus> {
  const { home, self, env } = context
  createFolder(home.folder)
  const log = openSync(home.logFile, 'a', 0o600)
  const logged = statSync(home.logFile).size
  const [node, ...args] = self
  try {
    const child = spawn(
      node,
      [...args, 'up', ...(moveAsideCorrupt ? ['--move-aside-corrupt'] : [])],
      {
        cwd: home.folder,
        env,
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
      },
    )
    const notice = await waitForNotice(child, () =>
      readFileSync(home.logFile).subarray(logged).toString(),
    )
    child.disconnect()
    child.unref()
    if ('problem' in notice) {
      throw fromProblem(notice.problem)
    }
    return notice.ready
  } finally {
    closeSync(log)
  }
}

function createFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new DroverError('invalid_dir', `Drover's home ${folder} can't be used: ${cause}.`, {
      details: { field: 'DROVER_HOME' },
      cause: error,
    })
  }
}

function waitForNotice(child: ChildProcess, readLog: () => string): Promise<ReadyNotice> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGTERM')
      reject(
        new DroverError(
          'timeout',
          `The daemon was not ready after ${readyMs / 1000} s and was ended.`,
        ),
      )
    }, readyMs)
    child.once('message', (notice) => {
      clearTimeout(timer)
      resolve(notice as ReadyNotice)
    })
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(
        new DroverError('internal', `The daemon could not be started: ${error.message}.`, {
          cause: error,
        }),
      )
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      const last = readLog().trimEnd().split('\n').at(-1) ?? ''
      const end = signal ? `signal ${signal}` : `code ${code}`
      reject(
        new DroverError(
          'internal',
          `The daemon ended before it was ready (${end}). ${last}`.trim(),
        ),
      )
    })
  })
}
