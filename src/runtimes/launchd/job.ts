import path from 'node:path'
import type { AgentLimits } from '../../schema/agent-limits.ts'
import type { Launch, RunReference } from '../contract.ts'
import { becomeScript } from '../holder/become-file.ts'
import type { PlistValue } from '../../util/plist.ts'

/** How launchd knows a run: home and run, so it is known before there is one. */
export function jobLabel({ instance, id }: Pick<RunReference, 'instance' | 'id'>): string {
  return `${jobPrefix(instance)}${id}`
}

/** How the labels of all runs of a home begin. */
export function jobPrefix(instance: string): string {
  return `drover-run.${instance}.`
}

/** What a run's folder holds beside the record that all runtimes keep. */
export function jobFiles(folder: string): { launch: string; plist: string } {
  return { launch: path.join(folder, 'launch'), plist: path.join(folder, 'job.plist') }
}

/** How long launchd waits after the TERM with which it ends a service until its KILL, s. */
export const exitTimeOutS = 5

/** What every service of ours says of itself. Source: launchd.plist(5). */
export function serviceKeys(label: string, uid: number): Record<string, PlistValue> {
  return {
    Label: label,
    // Without this key an agent belongs to a login at the screen, and to nothing else.
    ...(uid === 0 ? {} : { LimitLoadToSessionType: ['Aqua', 'Background'] }),
    // Others get less of the processor and of the disk.
    ProcessType: 'Interactive',
    WorkingDirectory: '/',
    RunAtLoad: true,
    ExitTimeOut: exitTimeOutS,
  }
}

/** What keeps the limits of a service: see `limits.ts`. */
export function boundKeys({ pids }: AgentLimits = {}): Record<string, PlistValue> {
  const bounds = pids === undefined ? null : { NumberOfProcesses: pids }
  return bounds ? { SoftResourceLimits: bounds, HardResourceLimits: bounds } : {}
}

/** The property list of a run. Nothing of its argv and environment is in it. */
export function jobPlist(
  { run, limits }: Pick<Launch, 'run' | 'limits'>,
  uid: number,
): Record<string, PlistValue> {
  return {
    ...serviceKeys(jobLabel(run), uid),
    ...boundKeys(limits),
    ProgramArguments: ['/usr/bin/env', '-i', '/bin/sh', becomeScript, jobFiles(run.folder).launch],
  }
}
