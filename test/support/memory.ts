import { readFileSync } from 'node:fs'

/** Memory that a process has in use, bytes. Source: proc(5), VmRSS. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) * 1024
}
