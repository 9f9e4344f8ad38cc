import type { Recovery, RunReference } from '../contract.ts'
import { recoverKnown, recoverUnknown } from '../holder/recover.ts'
import type { HolderHandle } from '../holder/handle.ts'
import type { LaunchdHandle } from './handle.ts'
import { jobLabel } from './job.ts'
import type { Launchctl } from '../../util/launchctl.ts'
import { printService, type Service } from '../../util/launchd-service.ts'

const silent: Recovery = { state: 'unknown', cause: 'launchd gives no answer' }

/**
 * Finds a run whose handle was stored. The record and the process are enough, as long as there is one
 * of them; launchd is asked only about an end that left neither.
 */
export async function recoverStored(
  launchctl: Launchctl,
  { run, handle }: { run: RunReference; handle: LaunchdHandle },
  signal: AbortSignal,
): Promise<Recovery> {
  const found = await recoverKnown(run, handle)
  if (found.state === 'running') {
    return { state: 'running', handle }
  }
  return await explainLoss(launchctl, { run, found, domains: [handle.domain] }, signal)
}

/** Finds a run of which only the intent was stored. */
export async function recoverUnstored(
  launchctl: Launchctl,
  run: RunReference,
  signal: AbortSignal,
): Promise<Recovery> {
  const found = await recoverUnknown(run, signal)
  if (found.state !== 'running') {
    return await explainLoss(launchctl, { run, found, domains: launchctl.domains }, signal)
  }
  const service = await findService(launchctl, { run, domains: launchctl.domains }, signal)
  if (service === 'silent') {
    return silent
  }
  // One that an agent's unit began has no service of its own.
  const domain = service?.domain ?? launchctl.likelyDomain
  const { v, pid, startTime, bootId } = found.handle as HolderHandle
  return { state: 'running', handle: { v, pid, startTime, bootId, domain } }
}

/** What launchd knows of a run that is gone without a record. */
async function explainLoss(
  launchctl: Launchctl,
  { run, found, domains }: { run: RunReference; found: Recovery; domains: readonly string[] },
  signal: AbortSignal,
): Promise<Recovery> {
  if (found.state !== 'lost' || found.isUnstarted || found.isMachineFault) {
    return found
  }
  const service = await findService(launchctl, { run, domains }, signal)
  if (service === 'silent') {
    return silent
  }
  return service?.lastEnd ? { ...found, cause: `${found.cause} (${service.lastEnd})` } : found
}

async function findService(
  launchctl: Launchctl,
  { run, domains }: { run: RunReference; domains: readonly string[] },
  signal: AbortSignal,
): Promise<(Service & { domain: string }) | 'silent' | null> {
  for (const domain of domains) {
    const found = await printService(launchctl, `${domain}/${jobLabel(run)}`, signal)
    if (found === 'silent') {
      return found
    }
    if (found !== 'absent') {
      return { ...found, domain }
    }
  }
  return null
}
