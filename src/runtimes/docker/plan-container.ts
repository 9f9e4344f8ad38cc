import { createHash } from 'node:crypto'
import type { AgentLimits } from '../../schema/agent-limits.ts'
import type { Container } from '../../schema/container.ts'
import type { BoxWish } from '../box.ts'
import { guestsFolder } from './guests/guest-files.ts'
import type { BodyMount, ContainerLimits, CreateBody, HostConfig } from './engine/container-body.ts'
import type { ContainerBounds } from './engine/container-state.ts'

/** What an agent's container is made from, all of it known. */
export interface ContainerParts {
  box: BoxWish
  /** The engine's id of the image. */
  image: string
  /** `uid:gid`, or a name that the image knows; null: as the image says. */
  user: string | null
  /** Where the run it is to begin is found: the same path inside and outside. */
  runLink: string
  /** Folder of Drover's own scripts, the same path inside and outside. */
  scripts: string
  entry: string
  holder: string
  /** The engine's name of its network: `bridge`, `none`, or one of ours. */
  network: string
  /** A file that says that nobody resolves names; null: as the engine does. */
  resolver: string | null
  /** The engine's socket, where it is wished for. */
  engineSocket: string | null
}

/** What the engine is to make, with the labels it is known by. */
export type PlannedBody = CreateBody & { Labels: Readonly<Record<string, string>> }

/** Names of labels. */
export const labels = {
  instance: 'drover.instance',
  agent: 'drover.agent',
  /** The agent's box folder. */
  box: 'drover.box',
  /** What it was made from: another plan is another container. */
  key: 'drover.key',
} as const

/** Processes of ours inside, which don't count against the program's: the entry's and the holder's shells, and their helpers. */
const ownTasks = { pipes: 6, terminal: 14 }

export function containerName(agentId: string): string {
  return `drover-${agentId}`
}

/** The container of an agent. Its limits are no part of the key: they change while it stays. */
export function planContainer(parts: ContainerParts, wanted: AgentLimits): PlannedBody {
  const { box, image, user, entry, holder, runLink } = parts
  const { container } = box
  const own = { [labels.instance]: box.agent.instance, [labels.agent]: box.agent.id }
  const body: CreateBody = {
    Image: image,
    Entrypoint: ['/bin/sh', entry],
    Cmd: [runLink, holder, container.envFile ?? ''],
    Env: [`HOME=${box.home}`],
    User: user ?? '',
    // The engine makes it where it is not there.
    WorkingDir: container.workdir ?? '/',
    HostConfig: {
      Mounts: planMounts(parts, own),
      Tmpfs: Object.fromEntries(tmpfsOf(container).map((folder) => [folder, 'rw,exec,mode=1777'])),
      CapDrop: ['ALL'],
      CapAdd: container.capAdd,
      SecurityOpt: container.newPrivileges ? [] : ['no-new-privileges'],
      ReadonlyRootfs: container.readOnly,
      NetworkMode: parts.network,
      // Else the engine itself would ask resolvers of this machine for those inside.
      ...(parts.resolver === null ? {} : { Dns: ['127.0.0.1'], DnsSearch: ['.'] }),
      // Nobody reads it but us, when it did not begin.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '64k', 'max-file': '1' } },
      RestartPolicy: { Name: 'no' },
      ...(wanted.diskBytes === undefined ? {} : { StorageOpt: { size: String(wanted.diskBytes) } }),
    },
  }
  const key = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32)
  return {
    ...body,
    Labels: { ...own, [labels.box]: box.agent.folder, [labels.key]: key },
    HostConfig: { ...body.HostConfig, ...hostBounds(planBounds(wanted, container)) },
  }
}

/** What the container may use: what the agent may, and our own few processes. */
export function planBounds(
  { memoryBytes, cpus, pids }: AgentLimits,
  { terminal }: Pick<Container, 'terminal'> = {},
): ContainerBounds {
  const own = terminal ? ownTasks.terminal : ownTasks.pipes
  return {
    memoryBytes: memoryBytes ?? null,
    cpus: cpus ?? null,
    pids: pids === undefined ? null : pids + own,
  }
}

/** How one that is there comes to new bounds; null where it has them. A bound that goes is all that the machine has. */
export function planUpdate(
  has: ContainerBounds,
  wanted: ContainerBounds,
  machine: { cpus: number; memoryBytes: number },
): ContainerLimits | null {
  const { memoryBytes, cpus, pids } = has
  const hasNow = {
    memoryBytes: memoryBytes === machine.memoryBytes ? null : memoryBytes,
    cpus: cpus === machine.cpus ? null : cpus,
    pids,
  }
  if (JSON.stringify(hasNow) === JSON.stringify(wanted)) {
    return null
  }
  return {
    // Engines take no word for "none" here.
    memoryBytes: wanted.memoryBytes ?? machine.memoryBytes,
    memorySwapBytes: wanted.memoryBytes ?? -1,
    cpus: wanted.cpus ?? machine.cpus,
    pids: wanted.pids ?? -1,
  }
}

/** Swap is none: half an agent is worse than none. */
function hostBounds({ memoryBytes, cpus, pids }: ContainerBounds): Partial<HostConfig> {
  return {
    ...(memoryBytes === null ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    ...(pids === null ? {} : { PidsLimit: pids }),
  }
}

/** With the image's files read-only programs still need a place for what they throw away. */
function tmpfsOf({ readOnly, tmpfs }: Container): string[] {
  return [...new Set([...(readOnly ? ['/tmp'] : []), ...tmpfs])]
}

/** Whether the place where it works is one that the wish mounts: a volume, for one. Then its own folder is not seen. */
export function isWorkCovered({ container }: Pick<BoxWish, 'container'>): boolean {
  const { workdir, mounts } = container
  return mounts.some(
    ({ source, target = source }) => target !== undefined && `${workdir}/`.startsWith(`${target}/`),
  )
}

/** The outer folder first: what is inside of another is mounted over it. */
function planMounts(parts: ContainerParts, own: Record<string, string>): BodyMount[] {
  const { box, runLink, scripts, engineSocket } = parts
  const mounts = new Map<string, BodyMount>()
  const bind = (Source: string, Target: string, ReadOnly: boolean): void => {
    mounts.set(Target, { Type: 'bind', Source, Target, ReadOnly })
  }
  box.readOnlyFolders.forEach((folder) => bind(folder, folder, true))
  const [work, ...others] = box.folders
  if (work !== undefined && !isWorkCovered(box)) {
    bind(work, box.container.workdir ?? work, false)
  }
  ;[...others, ...box.ownFolders].forEach((folder) => bind(folder, folder, false))
  for (const { source, volume, target, isReadOnly } of box.container.mounts) {
    if (source !== undefined) {
      bind(source, target ?? source, isReadOnly)
    } else if (volume !== undefined && target !== undefined) {
      const VolumeOptions = { Labels: own }
      mounts.set(target, {
        Type: 'volume',
        Source: volume,
        Target: target,
        ReadOnly: isReadOnly,
        VolumeOptions,
      })
    }
  }
  bind(runLink, runLink, false)
  const guests = guestsFolder(box.agent)
  bind(guests, guests, false)
  bind(scripts, scripts, true)
  if (parts.resolver !== null) {
    bind(parts.resolver, '/etc/resolv.conf', true)
  }
  if (engineSocket !== null) {
    bind(engineSocket, '/var/run/docker.sock', false)
  }
  return [...mounts.values()].toSorted((a, b) => (a.Target < b.Target ? -1 : 1))
}
