import { execFile, type ExecFileException } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { runOfUnit } from './unit-name.ts'

/** One of the machine's service managers. */
export interface Manager {
  kind: 'user' | 'system'
  /** Where it listens. */
  socket: string
  /** Holds a file for each transient unit that it knows, and no other. Source: systemd.unit(5). */
  unitFolder: string
  /** What its tools are called with. */
  env: Readonly<Record<string, string>>
}

/**
 * Root's agents are the system manager's: root's own user manager ends with root's last session.
 * Everybody else's are their user manager's, which needs no rights.
 */
export function findManager(
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): Manager {
  const tools = { PATH: env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', SYSTEMD_COLORS: '0' }
  if (uid === 0) {
    return {
      kind: 'system',
      socket: '/run/systemd/private',
      unitFolder: '/run/systemd/transient',
      env: tools,
    }
  }
  const standard = `/run/user/${uid}`
  const given = env['XDG_RUNTIME_DIR']
  const folder = given && existsSync(path.join(given, 'systemd')) ? given : standard
  return {
    kind: 'user',
    socket: path.join(folder, 'systemd/private'),
    unitFolder: path.join(folder, 'systemd/transient'),
    env: { ...tools, XDG_RUNTIME_DIR: folder },
  }
}

/** Whether the machine was booted with systemd. Source: sd_booted(3). */
export function isBootedWithSystemd(): boolean {
  return existsSync('/run/systemd/system')
}

/** How a tool of systemd ended; `code` is null when it gave no answer in time, or could not be called. */
export interface ToolResult {
  code: number | null
  stdout: string
  stderr: string
}

/** How long systemd may take for one answer, ms. A start on a busy machine takes longest. */
const answerMs = 15_000

/** Calls `systemctl` or `systemd-run` for a manager. Rejects only when the signal aborts. */
export async function callTool(
  manager: Manager,
  [tool, ...args]: readonly [string, ...string[]],
  { signal, deadlineMs = answerMs }: { signal: AbortSignal; deadlineMs?: number },
): Promise<ToolResult> {
  signal.throwIfAborted()
  const { promise, resolve } = Promise.withResolvers<ToolResult>()
  execFile(
    tool,
    [...(manager.kind === 'user' ? ['--user'] : []), ...args],
    { env: manager.env, signal, timeout: deadlineMs, killSignal: 'SIGKILL', encoding: 'utf8' },
    (error: ExecFileException | null, stdout, stderr) =>
      resolve({ code: codeOf(error), stdout, stderr: stderr.trim() || (error?.message ?? '') }),
  )
  const result = await promise
  signal.throwIfAborted()
  return result
}

function codeOf(error: ExecFileException | null): number | null {
  if (!error) {
    return 0
  }
  return typeof error.code === 'number' ? error.code : null
}

/** Whether the manager knows this transient unit: it has a file as long as it is not forgotten. */
export function isUnitThere(manager: Manager, unit: string): boolean {
  return existsSync(path.join(manager.unitFolder, unit))
}

/** The units of a home's runs that the manager knows. */
export async function findUnits(
  manager: Manager,
  instance: string,
): Promise<{ run: string; unit: string }[]> {
  const names = await readdir(manager.unitFolder).catch(() => [])
  return names.flatMap((unit) => {
    const run = runOfUnit(unit, instance)
    return run === null ? [] : [{ run, unit }]
  })
}
