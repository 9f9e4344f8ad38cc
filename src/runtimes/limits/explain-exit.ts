import { readFileSync } from 'node:fs'
import { formatByteSize } from '../../schema/byte-size.ts'
import type { Exit, RunReference } from '../contract.ts'
import { explainCrash } from './explain-crash.ts'
import { readNote } from './limit-note.ts'

/** What is known of an ending beyond its code, as far as it is proven; null: nothing. */
export function explainExit(run: RunReference, { signal }: Exit): string | null {
  const note = signal === null ? null : readNote(run)
  if (note?.group && signal === 'SIGKILL') {
    return explainKill(note.group)
  }
  return note && signal ? explainCrash(signal, note.memoryBytes) : null
}

/** Whether the system killed it for want of memory, and whose. Source: the kernel's cgroup-v2.rst. */
function explainKill(group: string): string | null {
  try {
    const events = readFileSync(`${group}/memory.events`, 'utf8')
    const count = (name: string): number =>
      Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(events)?.[1] ?? 0)
    if (count('oom_kill') === 0) {
      return null
    }
    const limit = Number(readFileSync(`${group}/memory.max`, 'utf8'))
    // `oom` counts only where the group's own limit was met.
    return count('oom') > 0 && Number.isFinite(limit)
      ? `out of memory: its limit is ${formatByteSize(limit)}`
      : 'out of memory: the machine had none left'
  } catch {
    return null
  }
}
