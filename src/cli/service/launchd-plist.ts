import { DroverError } from '../../schema/error.ts'
import { formatPlist, UnspeakableText } from '../../util/plist.ts'

export interface DaemonPlist {
  label: string
  /** Program and arguments of the daemon. */
  argv: readonly [string, ...string[]]
  /** What it needs to find its home, and agents their programs. Nothing secret: the list can be read by all. */
  env: Readonly<Record<string, string>>
  /** Gets what a daemon says that can't come up; what it does later is in its log. */
  errorFile: string
  isSystem: boolean
}

/** How long the daemon may take to end, s. */
const exitTimeOutS = 60

/**
 * The property list of the daemon. Agents outlive it (`AbandonProcessGroup`); one that was asked to
 * end stays so until the next login (`KeepAlive`). Errors: `unit_failed`. Source: launchd.plist(5).
 */
export function formatDaemonPlist({ label, argv, env, errorFile, isSystem }: DaemonPlist): string {
  try {
    return formatPlist({
      Label: label,
      ...(isSystem ? {} : { LimitLoadToSessionType: ['Aqua', 'Background'] }),
      ProcessType: 'Interactive',
      ProgramArguments: argv,
      EnvironmentVariables: env,
      WorkingDirectory: '/',
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      AbandonProcessGroup: true,
      ExitTimeOut: exitTimeOutS,
      StandardErrorPath: errorFile,
    })
  } catch (error) {
    if (error instanceof UnspeakableText) {
      throw new DroverError('unit_failed', `service: ${error.message}`, { cause: error })
    }
    throw error
  }
}
