import { readFileSync } from 'node:fs'
import { availableParallelism, freemem, loadavg } from 'node:os'
import type { MachineFacts } from '../core/admission.ts'

/** What was read is good for this long, ms: fifty starts at once ask once. */
const freshMs = 250

let last: { at: number; facts: MachineFacts } | undefined

/** What the machine has left now. Reads three small files of the kernel, which never block. */
export function readMachineFacts(): MachineFacts {
  const at = performance.now()
  if (!last || at - last.at > freshMs) {
    last = { at, facts: measure() }
  }
  return last.facts
}

function measure(): MachineFacts {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readKernelFile('/proc/meminfo'))?.[1]
  return {
    freeBytes: available === undefined ? freemem() : Number(available) * 1024,
    memoryPressure: readPressure('memory', 'full'),
    cpuPressure: readPressure('cpu', 'some'),
    loadPerCore: (loadavg()[0] ?? 0) / availableParallelism(),
  }
}

/** Source: the kernel's Documentation/accounting/psi.rst. */
function readPressure(what: 'memory' | 'cpu', kind: 'some' | 'full'): number | null {
  const line = new RegExp(`^${kind} avg10=([\\d.]+)`, 'm').exec(
    readKernelFile(`/proc/pressure/${what}`),
  )
  return line?.[1] === undefined ? null : Number(line[1])
}

function readKernelFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
