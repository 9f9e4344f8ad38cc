import { callProgram } from './call-program.ts'

/** How long telling may take, ms. */
const tellMs = 10_000

/** How many times a service says that it lives before it is taken for dead. */
const pingsInTime = 3

export interface ServiceNotifier {
  /** The service is up; from now on it says so again and again. Resolves once that was told. */
  ready(): Promise<void>
  /** It ends, as it was asked to. */
  stopping(): Promise<void>
  close(): void
}

/**
 * Tells the service manager that started this process how it is; null where nobody wants to know.
 * A process whose event loop stands still says nothing, and is ended by the manager's watchdog.
 *
 * Node has no datagram sockets of the Unix kind, so `systemd-notify` is called: some 17 ms of a
 * daemon of 200 MB on a busy machine, each 20 s where the watchdog waits for a minute. The unit needs
 * `NotifyAccess=all` for it. Source: sd_notify(3), sd_watchdog_enabled(3).
 */
export function createServiceNotifier(
  env: Readonly<Record<string, string | undefined>>,
  pid = process.pid,
): ServiceNotifier | null {
  const socket = env['NOTIFY_SOCKET']
  if (!socket) {
    return null
  }
  const everyMs = pingInterval(env, pid)
  const tell = async (...words: string[]): Promise<void> => {
    await callProgram(['systemd-notify', ...words], {
      env: { PATH: env['PATH'] || '/usr/bin:/bin', NOTIFY_SOCKET: socket },
      deadlineMs: tellMs,
    })
  }
  let timer: NodeJS.Timeout | undefined
  return {
    ready: async () => {
      await tell('--ready')
      if (everyMs !== null) {
        timer = setInterval(() => void tell('WATCHDOG=1'), everyMs).unref()
      }
    },
    stopping: async () => await tell('STOPPING=1'),
    close: () => clearInterval(timer),
  }
}

/** Null where there is no watchdog, or it looks at another process. */
function pingInterval(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | null {
  const watchdogMs = Number(env['WATCHDOG_USEC'] ?? 0) / 1000
  const watched = env['WATCHDOG_PID']
  return watchdogMs > 0 && (!watched || Number(watched) === pid) ? watchdogMs / pingsInTime : null
}
