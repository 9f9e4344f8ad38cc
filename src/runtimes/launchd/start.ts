import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { DroverError } from '../../schema/error.ts'
import { fileSize } from '../../util/file-size.ts'
import { waitUntil } from '../../util/wait.ts'
import type { Launch } from '../contract.ts'
import { writeBecomeFile } from '../holder/become-file.ts'
import { holderCommand, identifyHolder } from '../holder/start-holder.ts'
import { runFiles } from '../run-folder.ts'
import type { LaunchdHandle } from './handle.ts'
import { jobFiles, jobLabel, jobPlist } from './job.ts'
import type { Launchctl } from '../../util/launchctl.ts'
import { printService } from '../../util/launchd-service.ts'
import { formatService } from './service-plist.ts'
import { removeService } from './remove-service.ts'

/** How long a service that launchd has taken may take until its holder has claimed the run, ms. */
const claimMs = 10_000

/** Has launchd start a run, and resolves once its holder has claimed it. Errors: `start_failed`. */
export async function startJob(
  launchctl: Launchctl,
  launch: Launch,
  signal: AbortSignal,
): Promise<LaunchdHandle> {
  const { run, cwd } = launch
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw failed(`there is no folder ${cwd}`)
  }
  const domain = await launchctl.domain(signal)
  if (domain === null) {
    throw failed('launchd gives no answer')
  }
  const files = jobFiles(run.folder)
  const plist = formatService(jobPlist(launch, launchctl.uid), 'start_failed')
  writeBecomeFile(files.launch, holderCommand(launch))
  writeFileSync(files.plist, plist, { mode: 0o600 })
  const { code, stderr } = await launchctl.call(['bootstrap', domain, files.plist], { signal })
  if (code !== 0) {
    throw failed(`launchd did not take it: ${stderr || 'no answer in time'}`)
  }
  const { holder } = runFiles(run.folder)
  await waitUntil(() => fileSize(holder) > 0, { deadlineMs: claimMs, signal })
  const pid = fileSize(holder) > 0 ? Number(/^(\d+)\n/.exec(readFileSync(holder, 'utf8'))?.[1]) : 0
  if (!(pid > 0)) {
    const target = `${domain}/${jobLabel(run)}`
    const found = await printService(launchctl, target, signal)
    await removeService(launchctl, target, signal)
    const end = typeof found === 'string' ? null : found.lastEnd
    throw failed(`its holder did not begin${end === null ? '' : ` (${end})`}`)
  }
  return { v: 1, ...(await identifyHolder(pid)), domain }
}

function failed(why: string): DroverError {
  return new DroverError('start_failed', `The program could not be started: ${why}.`)
}
