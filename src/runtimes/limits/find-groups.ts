import path from 'node:path'
import { findCgroupMounts, groupsIn, instanceGroup } from './cgroup.ts'

export interface FoundGroup {
  run: string
  folder: string
}

/** The groups of a home's runs, wherever the daemon that made them lived. */
export async function findGroups(instance: string): Promise<FoundGroup[]> {
  const mounts = await findCgroupMounts()
  const found = await Promise.all(mounts.map(({ point }) => findBelow(point, instance)))
  return found.flat()
}

async function findBelow(folder: string, instance: string): Promise<FoundGroup[]> {
  const groups = await groupsIn(folder)
  if (path.basename(folder) === instanceGroup(instance)) {
    return groups.map((group) => ({ run: path.basename(group), folder: group }))
  }
  return (await Promise.all(groups.map((group) => findBelow(group, instance)))).flat()
}
