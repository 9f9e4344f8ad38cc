import { existsSync } from 'node:fs'
import path from 'node:path'
import { callProgram, type CallResult } from './call-program.ts'

/** One of the machine's service managers. */
export interface SystemdManager {
  kind: 'user' | 'system'
  /** Where it listens. */
  socket: string
  /** Holds a file for each transient unit that it knows, and no other. Source: systemd.unit(5). */
  transientFolder: string
  /** What its tools are called with. */
  env: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string | undefined>>

const toolEnvironment = (env: Environment): Record<string, string> => ({
  PATH: env['PATH'] || '/usr/bin:/bin',
  LC_ALL: 'C',
  SYSTEMD_COLORS: '0',
})

/** The manager of the machine. */
export function systemManager(env: Environment): SystemdManager {
  return {
    kind: 'system',
    socket: '/run/systemd/private',
    transientFolder: '/run/systemd/transient',
    env: toolEnvironment(env),
  }
}

/** A user's own manager, there or not. */
export function userManager(env: Environment, uid: number): SystemdManager {
  const given = env['XDG_RUNTIME_DIR']
  const folder = given && existsSync(path.join(given, 'systemd')) ? given : `/run/user/${uid}`
  return {
    kind: 'user',
    socket: path.join(folder, 'systemd/private'),
    transientFolder: path.join(folder, 'systemd/transient'),
    env: { ...toolEnvironment(env), XDG_RUNTIME_DIR: folder },
  }
}

/** Whether the machine was booted with systemd. Source: sd_booted(3). */
export function isBootedWithSystemd(): boolean {
  return existsSync('/run/systemd/system')
}

/** Whether a user's manager is there though the user is not logged in. */
export function isLingering(user: string): boolean {
  return existsSync(path.join('/var/lib/systemd/linger', user))
}

/** How long systemd may take for one answer, ms. A start on a busy machine takes longest. */
const answerMs = 15_000

/** Calls `systemctl` or `systemd-run` for a manager. Rejects only when the signal aborts. */
export async function callSystemd(
  { kind, env }: SystemdManager,
  [tool, ...args]: readonly [string, ...string[]],
  { signal, deadlineMs = answerMs }: { signal?: AbortSignal; deadlineMs?: number } = {},
): Promise<CallResult> {
  const all = [tool, ...(kind === 'user' ? ['--user'] : []), ...args] as const
  return await callProgram(all, { env, deadlineMs, ...(signal ? { signal } : {}) })
}
