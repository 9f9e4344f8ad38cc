import { accessSync, constants, statfsSync } from 'node:fs'
import { versionWarning } from '../core/version-range.ts'
import type { Usability } from '../schema/reports.ts'
import { abortable } from '../util/abortable.ts'
import { createPrivateFolder } from '../util/private-file.ts'
import { providerContext, type DaemonContext } from './context.ts'

/** How long one check may take, ms. */
const checkDeadlineMs = 15_000

/** Less free disk than this is worth a word, bytes. */
const lowDiskBytes = 1024 ** 3

export type DoctorContext = Pick<
  DaemonContext,
  'home' | 'config' | 'baseEnvironment' | 'providers' | 'runtimes' | 'prices' | 'signal'
>

/**
 * What is usable on this machine, and how to get the rest. No model is asked, nothing is changed. All
 * is looked at side by side; what does not answer in time is a row that says so.
 */
export async function checkMachine(
  context: DoctorContext,
  kinds: readonly Usability['kind'][] = ['system', 'runtime', 'provider'],
): Promise<Usability[]> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(checkDeadlineMs)])
  const runtimes = kinds.includes('runtime') ? [...context.runtimes.values()] : []
  const providers = kinds.includes('provider') ? [...context.providers.values()] : []
  const looks = [
    ...runtimes.map((runtime) =>
      checkOne(signal, { name: runtime.name, kind: 'runtime' }, () => runtime.probe(signal)),
    ),
    ...providers.map((provider) =>
      checkOne(signal, { name: provider.name, kind: 'provider' }, async () => {
        const found = await provider.detect({ ...providerContext(context, provider.name), signal })
        const warning = provider.tested ? versionWarning(found.version, provider.tested) : null
        return { ...found, warning }
      }),
    ),
  ]
  const system = kinds.includes('system')
    ? [checkNode(), checkHome(context), checkPrices(context)]
    : []
  return [...system, ...(await Promise.all(looks))]
}

/** A look that is left when it takes too long, and told when it fails. */
async function checkOne(
  signal: AbortSignal,
  head: Pick<Usability, 'name' | 'kind'>,
  look: () => Promise<Omit<Usability, 'name' | 'kind'>>,
): Promise<Usability> {
  try {
    return { ...head, ...(await abortable(look(), signal)) }
  } catch (error) {
    const detail = signal.aborted
      ? `did not answer within ${checkDeadlineMs / 1000} s`
      : `can't be looked at: ${error instanceof Error ? error.message : String(error)}`
    return { ...head, usable: false, detail, hint: 'Try again, or see the log of the daemon.' }
  }
}

function checkNode(): Usability {
  return {
    name: 'node',
    kind: 'system',
    usable: true,
    detail: `${process.version}, ${process.execPath}`,
    hint: null,
  }
}

/** By which prices money is estimated, and how old they are. */
function checkPrices({ prices, home }: DoctorContext): Usability {
  const { asOf, ownAsOf } = prices.asOf
  const { models, own } = prices.counts
  const mine = ownAsOf === null ? '' : `, ${own} of them from ${home.pricesFile} of ${ownAsOf}`
  return {
    name: 'prices',
    kind: 'system',
    usable: true,
    detail: `${models} models, as of ${asOf}${mine}`,
    hint: null,
  }
}

function checkHome({ home }: DoctorContext): Usability {
  try {
    createPrivateFolder(home.folder)
    accessSync(home.folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(home.folder)
    const freeBytes = bavail * bsize
    const detail = `${home.folder}, ${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`
    return {
      name: 'home',
      kind: 'system',
      usable: true,
      detail,
      hint: freeBytes < lowDiskBytes ? 'Free some disk space.' : null,
    }
  } catch (error) {
    const detail = `${home.folder} can't be written: ${(error as Error).message}`
    return {
      name: 'home',
      kind: 'system',
      usable: false,
      detail,
      hint: 'Give Drover a folder of yours with DROVER_HOME.',
    }
  }
}
