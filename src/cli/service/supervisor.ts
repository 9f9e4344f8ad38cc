import { DroverError } from '../../schema/error.ts'
import type { CliContext, Machine } from '../context.ts'

/** How the daemon is doing as a service of this machine. */
export interface ServiceState {
  /** What the supervisor calls it. */
  name: string
  /** The file that says so to the supervisor. */
  file: string
  isInstalled: boolean
  /** It is started with the machine, or with the session of its user. */
  isEnabled: boolean
  isActive: boolean
  /** The supervisor's own word: `active`, `failed`. */
  state: string
  /** Unix ms; null when it does not run, or nobody knows. */
  since: number | null
  pid: number | null
  /** Of the daemon, and of agents that are processes of its own. */
  memoryBytes: number | null
  /** How often the supervisor has started it anew. */
  restarts: number | null
  /** What a person should know or do beside; sentences. */
  notes: string[]
}

/** The daemon as a service: what the commands need of a machine's supervisor. Each call has a deadline. */
export interface Supervisor {
  state(): Promise<ServiceState>
  /** Writes what is to be known of it and has it started with the machine. Throws `unsupported`, `unit_failed`. */
  install(): Promise<'installed' | 'refreshed' | 'unchanged'>
  /** Starts it and waits until it is ready; `isAnew` ends it first. Throws `unit_failed`. */
  start(options: { isAnew: boolean }): Promise<void>
  /** Ends it and takes it away; false when it was not there. Throws `unit_failed`. */
  uninstall(): Promise<boolean>
}

/** The supervisor of this machine. Errors: `unsupported`. */
export async function findSupervisor(
  context: CliContext,
  { isSystem }: { isSystem: boolean },
): Promise<Supervisor> {
  const machine = context.machine ?? thisMachine()
  if (machine.platform === 'linux') {
    const { createSystemdSupervisor } = await import('./systemd.ts')
    return createSystemdSupervisor(context, { isSystem })
  }
  if (machine.platform === 'darwin') {
    const { createLaunchdSupervisor } = await import('./launchd.ts')
    return createLaunchdSupervisor(context, { isSystem, machine })
  }
  throw new DroverError(
    'unsupported',
    `service: there is no supervisor on ${machine.platform} that Drover knows. \`drover up --detach\` starts the daemon without one.`,
  )
}

function thisMachine(): Machine {
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? 0,
    launchctl: '/bin/launchctl',
  }
}
