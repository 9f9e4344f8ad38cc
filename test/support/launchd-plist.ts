import { readFileSync, statSync } from 'node:fs'
import { parse } from 'plist'
import { z } from 'zod'

const resourceLimits = z.strictObject({ NumberOfProcesses: z.int().positive().optional() })

/** The keys of launchd.plist(5) that Drover has a use for, with the types that are written there. */
export const LaunchdJob = z.strictObject({
  Label: z.string().min(1),
  LimitLoadToSessionType: z.array(z.enum(['Aqua', 'Background', 'LoginWindow'])).optional(),
  ProcessType: z.enum(['Background', 'Standard', 'Adaptive', 'Interactive']).optional(),
  WorkingDirectory: z.string().startsWith('/').optional(),
  ProgramArguments: z.tuple([z.string().startsWith('/')], z.string()),
  EnvironmentVariables: z.record(z.string(), z.string()).optional(),
  RunAtLoad: z.boolean().optional(),
  KeepAlive: z.union([z.boolean(), z.strictObject({ SuccessfulExit: z.boolean() })]).optional(),
  AbandonProcessGroup: z.boolean().optional(),
  ExitTimeOut: z.int().positive().optional(),
  ThrottleInterval: z.int().positive().optional(),
  SoftResourceLimits: resourceLimits.optional(),
  HardResourceLimits: resourceLimits.optional(),
  StandardOutPath: z.string().startsWith('/').optional(),
  StandardErrorPath: z.string().startsWith('/').optional(),
})
export type LaunchdJob = z.infer<typeof LaunchdJob>

/** A property list as launchd takes it; null for one that it refuses: of others, or that others may write. */
export function readJob(file: string): LaunchdJob | null {
  try {
    const { mode, uid } = statSync(file)
    const isTrusted = (mode & 0o022) === 0 && uid === process.getuid?.()
    return isTrusted ? LaunchdJob.parse(parse(readFileSync(file, 'utf8'))) : null
  } catch {
    return null
  }
}
