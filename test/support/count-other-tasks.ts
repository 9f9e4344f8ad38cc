import { readdirSync, readFileSync } from 'node:fs'
import { findBase } from '../../src/runtimes/limits/cgroup.ts'

/** Processes and threads of this user: without groups they count against a limit of processes. */
export async function countOtherTasks(): Promise<number> {
  const base = await findBase()
  if ('controllers' in base && base.controllers.includes('pids')) {
    return 0
  }
  const statuses = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/status`, 'utf8')
      } catch {
        return ''
      }
    })
  return statuses
    .filter((status) => Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? -1) === process.getuid?.())
    .reduce((sum, status) => sum + Number(/^Threads:\t(\d+)/m.exec(status)?.[1] ?? 0), 0)
}
