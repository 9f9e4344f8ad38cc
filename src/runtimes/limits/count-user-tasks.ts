import { readdir, readFile } from 'node:fs/promises'

/** Processes and threads of this user, as the system counts them; null where it does not say. */
export async function countUserTasks(): Promise<number | null> {
  const uid = process.getuid?.()
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const counts = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      const isOwn = Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? -1) === uid
      return isOwn ? Number(/^Threads:\t(\d+)/m.exec(status)?.[1] ?? 0) : 0
    }),
  )
  return pids.length > 0 ? counts.reduce((sum, count) => sum + count, 0) : null
}
