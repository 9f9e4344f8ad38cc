import { accessSync, constants, statfsSync } from 'node:fs'
import type { Usability } from '../schema/reports.ts'
import { createPrivateFolder } from '../util/private-file.ts'
import { providerContext, type DaemonContext } from './context.ts'

/** How long one check may take, ms. */
const checkDeadlineMs = 15_000

/** Less free disk than this is worth a word, bytes. */
const lowDiskBytes = 1024 ** 3

export type DoctorContext = Pick<
  DaemonContext,
  'home' | 'config' | 'baseEnvironment' | 'providers' | 'runtimes' | 'signal'
>

/** What is usable on this machine, and how to get the rest. No model is asked, nothing is changed. */
export async function checkMachine(context: DoctorContext): Promise<Usability[]> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(checkDeadlineMs)])
  const providers = [...context.providers.values()].map(async (provider): Promise<Usability> => {
    const found = await provider.detect({ ...providerContext(context, provider.name), signal })
    return { name: provider.name, kind: 'provider', ...found }
  })
  const runtimes = [...context.runtimes.values()].map(async (runtime): Promise<Usability> => {
    const found = await runtime.probe(signal)
    return { name: runtime.name, kind: 'runtime', ...found }
  })
  return [checkNode(), checkHome(context), ...(await Promise.all([...runtimes, ...providers]))]
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
