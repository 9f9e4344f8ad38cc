import path from 'node:path'
import { formatByteSize } from '../../schema/byte-size.ts'
import type { Exit, RunReference } from '../contract.ts'
import { explainCrash } from '../limits/explain-crash.ts'
import { readOwnMemoryLimit } from './limits.ts'
import { readIfThere, readUnitNote, unitFiles } from './unit-files.ts'

/** What is known of a unit's end. */
interface End {
  /** systemd's word for it. Source: systemd.exec(5), SERVICE_RESULT. */
  result: string | null
  /** The signal that ended the holder itself; null: none did. */
  holderSignal: string | null
  /** How often the system killed one of it for want of memory. */
  oomKills: number
  /** Its limit of memory, bytes, where it met that. */
  metLimitBytes: number | null
}

/** What is known of an ending beyond its code, as far as it is proven; null: nothing. */
export function explainExit(run: RunReference, { signal }: Exit): string | null {
  const end = readEnd(run)
  if (end.result === 'oom-kill' || (end.oomKills > 0 && signal === 'SIGKILL')) {
    return end.metLimitBytes === null
      ? 'out of memory: the machine had none left'
      : `out of memory: its limit is ${formatByteSize(end.metLimitBytes)}`
  }
  // One that was ended alone has told what became of its program then.
  if (end.result !== null && end.holderSignal !== null && end.holderSignal === signal) {
    return `${results[end.result] ?? `its unit ended with the result ${end.result}`} (${signal})`
  }
  return signal === null ? null : explainCrash(signal, readOwnMemoryLimit(run))
}

/** Why systemd ended a unit, or saw it end. Source: systemd.exec(5). */
const results: Readonly<Record<string, string>> = {
  signal: 'all of its unit was killed',
  'core-dump': 'its unit ended with a core dump',
  timeout: 'its unit did not stop in time, and was killed',
  watchdog: 'the watchdog of its unit got no sign of life in time',
  'exec-condition': 'a condition of its unit was not met',
  'start-limit-hit': 'its unit was started too often',
  resources: 'systemd had no room for its unit',
  protocol: 'its unit did not say that it had started',
}

/** From what was written down at the end; a unit that has not come to that still has its group. */
function readEnd(run: RunReference): End {
  const { ended } = unitFiles(run.folder)
  const text = readIfThere(ended) || readMemory(run) || readIfThere(ended)
  const values = new Map(
    text.split('\n').map((line): [string, string] => {
      const place = line.indexOf(' ')
      return [line.slice(0, place), line.slice(place + 1)]
    }),
  )
  const limit = Number(values.get('max') ?? NaN)
  return {
    result: values.get('result') ?? null,
    holderSignal: ['killed', 'dumped'].includes(values.get('code') ?? '')
      ? `SIG${values.get('status')}`
      : null,
    oomKills: Number(values.get('oom_kill') ?? 0),
    metLimitBytes: Number(values.get('oom') ?? 0) > 0 && Number.isSafeInteger(limit) ? limit : null,
  }
}

/** What a unit's group counts, as `ended.sh` would write it down; empty when it is gone. */
function readMemory(run: RunReference): string {
  const group = readUnitNote(run)?.memoryGroup
  const read = (file: string): string => (group ? readIfThere(path.join(group, file)).trim() : '')
  const unified = read('memory.events')
  return unified
    ? `${unified}\nmax ${read('memory.max')}`
    : `${read('memory.oom_control')}\noom ${read('memory.failcnt')}\nmax ${read('memory.limit_in_bytes')}`.trim()
}
