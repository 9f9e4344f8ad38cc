import { readFile, stat } from 'node:fs/promises'
import os from 'node:os'
import { z } from 'zod'
import { formatAddress, type Address } from './address.ts'
import type { Transport } from './transport.ts'
import { chooseVersion } from './version.ts'

/** What an engine is and can do. */
export interface EngineFacts {
  /** The engine's own id: the same as long as it keeps its containers. */
  id: string
  kind: 'docker' | 'podman'
  version: string
  /** The version of the API that is spoken with it. */
  apiVersion: string
  /** For people. */
  address: string
  /**
   * Containers can have this machine's folders, FIFOs and inotify through bind mounts: it is behind
   * a socket, its kernel is this one, and its own folder is here.
   */
  isLocal: boolean
  isRootless: boolean
  /** As images name it: `amd64`. */
  architecture: string
  cgroupVersion: 1 | 2
  storageDriver: string
  /** As the engine names it: `extfs`, `xfs`. */
  backingFilesystem: string | null
  /** Containers go on while the engine is away. */
  isLiveRestore: boolean
  /** Path of its socket here; null where it has none. */
  socketPath: string | null
  /** Of the machine that it runs on. */
  cpus: number
  memoryBytes: number
  canLimit: { memory: boolean; swap: boolean; cpu: boolean; pids: boolean; disk: boolean }
}

const VersionAnswer = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().optional(),
  Arch: z.string(),
  Components: z.array(z.object({ Name: z.string() })).nullish(),
})

const Info = z.object({
  ID: z.string().default(''),
  KernelVersion: z.string().default(''),
  DockerRootDir: z.string().default(''),
  CgroupVersion: z.string().default('1'),
  Driver: z.string().default(''),
  DriverStatus: z.array(z.array(z.string())).nullish(),
  LiveRestoreEnabled: z.boolean().default(false),
  SecurityOptions: z.array(z.string()).nullish(),
  MemTotal: z.number().default(0),
  NCPU: z.number().default(1),
  MemoryLimit: z.boolean().default(false),
  SwapLimit: z.boolean().default(false),
  CpuCfsQuota: z.boolean().default(false),
  PidsLimit: z.boolean().default(false),
})
type Info = z.infer<typeof Info>

/** Asks who is there, and settles the version of the API. Errors: `engine_unfit`, and those of `ask`. */
export async function readFacts(
  transport: Transport,
  address: Address,
  call: { deadlineMs: number; signal: AbortSignal },
): Promise<EngineFacts> {
  const get = { method: 'GET', ...call } as const
  const offer = await transport.ask({ ...get, path: '/version' }, VersionAnswer)
  const isPodman = offer.Components?.some(({ Name }) => /podman/i.test(Name)) ?? false
  const apiVersion = chooseVersion({
    apiVersion: offer.ApiVersion,
    minApiVersion: offer.MinAPIVersion ?? null,
    name: `${isPodman ? 'Podman' : 'Docker'} ${offer.Version}`,
  })
  transport.version = apiVersion
  const info = await transport.ask({ ...get, path: '/info' }, Info)
  const isLocal = address.kind === 'unix' && (await isThisMachine(info))
  return {
    id: info.ID,
    kind: isPodman ? 'podman' : 'docker',
    version: offer.Version,
    apiVersion,
    address: formatAddress(address),
    isLocal,
    isRootless: info.SecurityOptions?.some((each) => /^name=rootless\b/.test(each)) ?? false,
    architecture: offer.Arch,
    cgroupVersion: info.CgroupVersion === '2' ? 2 : 1,
    storageDriver: info.Driver,
    backingFilesystem: backingFilesystem(info),
    isLiveRestore: info.LiveRestoreEnabled,
    socketPath: address.kind === 'unix' ? address.path : null,
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    canLimit: {
      memory: info.MemoryLimit,
      swap: info.SwapLimit,
      cpu: info.CpuCfsQuota,
      pids: info.PidsLimit,
      disk: await canLimitDisk(info, isLocal),
    },
  }
}

async function isThisMachine({ KernelVersion, DockerRootDir }: Info): Promise<boolean> {
  if (process.platform !== 'linux' || KernelVersion !== os.release()) {
    return false
  }
  try {
    return (await stat(DockerRootDir)).isDirectory()
  } catch {
    return false
  }
}

function backingFilesystem({ DriverStatus }: Info): string | null {
  const row = DriverStatus?.find(([name]) => name === 'Backing Filesystem')
  return row?.[1] ?? null
}

/** `--storage-opt size`: by the storage itself, or by project quotas of xfs that are switched on. */
async function canLimitDisk(info: Info, isLocal: boolean): Promise<boolean> {
  if (['btrfs', 'zfs', 'devicemapper', 'windowsfilter'].includes(info.Driver)) {
    return true
  }
  if (!/^overlay2?$/.test(info.Driver) || backingFilesystem(info) !== 'xfs' || !isLocal) {
    return false
  }
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
  const below = mounts
    .map((line) => ({ point: line.split(' ')[4] ?? '', options: line.split(' - ')[1] ?? '' }))
    .filter(({ point }) => point === '/' || `${info.DockerRootDir}/`.startsWith(`${point}/`))
  const nearest = below.toSorted((left, right) => right.point.length - left.point.length)[0]
  return /\b(pquota|prjquota)\b/.test(nearest?.options ?? '')
}
