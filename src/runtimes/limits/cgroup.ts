import { access, constants, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseProcessStat } from '../../util/process-identity.ts'

/** A cgroup v2 group in which Drover may make groups of its own. */
export interface GroupBase {
  /** Its folder in the file system. */
  folder: string
  /** Its name below the root of cgroup v2. */
  path: string
  /** The root of all may hold processes and groups with limits at once; every other one may not. */
  isRoot: boolean
  /** Controllers it can give to groups below. */
  controllers: readonly string[]
}

/**
 * The group below a base where the daemon and its holders go, for a group with limits below it may
 * have no processes itself. A service manager may start the daemon in one of that name; one that
 * starts it in the base could not do so again while an agent with limits lives.
 */
export const daemonGroup = 'drover-daemon'

/** The group that holds the groups of a home's runs. */
export function instanceGroup(instance: string): string {
  return `drover-${instance}`
}

interface Mount {
  /** Which group is to be seen at the mount's point. */
  root: string
  point: string
}

/** The cgroup v2 mounts in the text of /proc/self/mountinfo. Source: proc(5). */
export function parseCgroupMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [own = '', outer = ''] = line.split(' - ')
    const [, , , root, point] = own.split(' ')
    return outer.startsWith('cgroup2 ') && root && point
      ? [{ root: unescapeMount(root), point: unescapeMount(point) }]
      : []
  })
}

function unescapeMount(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}

/** Where cgroup v2 is to be seen; empty where it is not, as on other systems than Linux. */
export async function findCgroupMounts(proc = '/proc'): Promise<Mount[]> {
  return parseCgroupMounts(await readFile(`${proc}/self/mountinfo`, 'utf8').catch(() => ''))
}

/** The group to make groups in, or why there is none, as a clause. Changes nothing. */
export async function findBase(proc = '/proc'): Promise<GroupBase | { problem: string }> {
  const own = /^0::(\/.*)$/m.exec(
    await readFile(`${proc}/self/cgroup`, 'utf8').catch(() => ''),
  )?.[1]
  const mount = (await findCgroupMounts(proc)).find(({ root }) => own && isBelow(own, root))
  if (own === undefined || !mount) {
    return { problem: 'there is no cgroup v2 here' }
  }
  const name = path.basename(own) === daemonGroup ? path.dirname(own) : own
  const folder = path.join(mount.point, path.relative(mount.root, name))
  try {
    const isOfService = name === own && name.endsWith('.service')
    return await lookAtBase({ folder, path: name, isOfService }, proc)
  } catch (error) {
    return {
      problem: `the daemon's cgroup v2 group ${name} can't be read: ${(error as Error).message}`,
    }
  }
}

function isBelow(group: string, root: string): boolean {
  return root === '/' || group === root || group.startsWith(`${root}/`)
}

async function lookAtBase(
  place: Pick<GroupBase, 'folder' | 'path'> & { isOfService: boolean },
  proc: string,
): Promise<GroupBase | { problem: string }> {
  const { folder, path: name } = place
  const refuse = (problem: string): { problem: string } => ({
    problem: `the daemon's cgroup v2 group ${name} ${problem}`,
  })
  const controllers = (await readFile(`${folder}/cgroup.controllers`, 'utf8')).trim().split(' ')
  const type = await readFile(`${folder}/cgroup.type`, 'utf8').catch(() => 'root')
  const isRoot = type === 'root'
  if (!isRoot && type.trim() !== 'domain') {
    return refuse(`is ${type.trim()}`)
  }
  if (place.isOfService) {
    return refuse(`is of a service without DelegateSubgroup=${daemonGroup}`)
  }
  if (!(await isOurs(folder))) {
    return refuse('is not its own to change')
  }
  if (!isRoot && (await foreignProcesses(folder, proc)).length > 0) {
    return refuse('holds other programs, too')
  }
  return { folder, path: name, isRoot, controllers }
}

async function isOurs(folder: string): Promise<boolean> {
  try {
    for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control']) {
      await access(path.join(folder, file), constants.W_OK)
    }
    return true
  } catch {
    return false
  }
}

/** Processes right in a group, by number; of a group that is gone, none. */
export async function processesIn(folder: string): Promise<number[]> {
  try {
    const text = await readFile(`${folder}/cgroup.procs`, 'utf8')
    return text.split('\n').filter(Boolean).map(Number)
  } catch (error) {
    // A group of threads has none of its own: they are the group's above it.
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'ENOTSUP') {
      return []
    }
    throw error
  }
}

/** Folders of the groups right below a group. */
export async function groupsIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(folder, entry.name))
  } catch {
    return []
  }
}

/** Writes one of a group's files; never makes it: one that is not there is a controller that is not. */
export async function putInGroup(folder: string, file: string, value: string): Promise<void> {
  await writeFile(path.join(folder, file), value, { flag: 'r+' })
}

/** A group that is removed while it is read gives the second. */
export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENODEV'
}

/** Those of a group that are neither this daemon, nor what it started, nor of an agent. */
export async function foreignProcesses(folder: string, proc = '/proc'): Promise<number[]> {
  const foreign: number[] = []
  for (const pid of await processesIn(folder)) {
    if (pid !== process.pid && !(await isFamily(pid, proc))) {
      foreign.push(pid)
    }
  }
  return foreign
}

/** By its mark, or its parent's: a process that is just about to become a program shows no environment. */
async function isFamily(pid: number, proc: string): Promise<boolean> {
  const stat = parseProcessStat(await readFile(`${proc}/${pid}/stat`, 'utf8').catch(() => ''))
  if (!stat || stat.parent === process.pid) {
    return true
  }
  const environment = await readFile(`${proc}/${pid}/environ`, 'latin1').catch(() => '')
  return (
    `\0${environment}`.includes('\0DROVER_INSTANCE=') ||
    (stat.parent > 1 && (await isFamily(stat.parent, proc)))
  )
}
