import { fileURLToPath } from 'node:url'
import type { Launch } from '../contract.ts'

const limitedScript = fileURLToPath(new URL('limited.sh', import.meta.url))

/** What a program puts itself under before it begins; null: not that. */
export interface OwnLimits {
  /** Folder of a cgroup v2 group. */
  group: string | null
  /** RLIMIT_DATA, bytes. */
  dataBytes: number | null
  /** RLIMIT_NPROC. */
  processes: number | null
}

/** The arguments that put a program under limits. */
export function limitedArgv(
  argv: Launch['argv'],
  { group, dataBytes, processes }: OwnLimits,
): Launch['argv'] {
  const dataKib = dataBytes === null ? '' : String(Math.floor(dataBytes / 1024))
  const words = [group ?? '', dataKib, processes === null ? '' : String(processes)]
  return ['/bin/sh', limitedScript, ...words, ...argv]
}
