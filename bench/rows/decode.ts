import { once } from 'node:events'
import { decodeSubjects } from '../decode-subjects.ts'
import { program } from '../places.ts'
import type { Finding, Row } from '../row.ts'
import type { Scratch } from '../scratch.ts'
import { formatRatio, median } from '../statistics.ts'

const bytes = 100_000_000
const rounds = 3

interface Rates {
  bytes: number
  rounds: { parsed: number; decoded: number; events: number }[]
}

/** 100 MB of what each real program printed, through its decoder, beside JSON.parse of the same lines alone. */
export const decodeRow: Row = {
  name: 'decode',
  async measure(scratch): Promise<Finding[]> {
    const findings: Finding[] = []
    for (const name of Object.keys(decodeSubjects)) {
      findings.push(toFinding(name, await measureSubject(scratch, name)))
    }
    return findings
  },
}

/** In a process of its own, so that none is faster for what another has warmed. */
async function measureSubject(scratch: Scratch, name: string): Promise<Rates> {
  const argv = [
    process.execPath,
    program('decode-samples'),
    name,
    String(bytes),
    String(rounds),
  ] as const
  const child = scratch.spawn(argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  await once(child, 'close')
  return JSON.parse(said) as Rates
}

function toFinding(name: string, { rounds: all, ...rest }: Rates): Finding {
  const decoded = median(all.map((round) => round.decoded))
  const parsed = median(all.map((round) => round.parsed))
  const ratio = decoded / parsed
  const events = all[0]?.events ?? 0
  return {
    what: `decode, ${name}: recorded samples repeated to 100 MB`,
    measured: `${Math.round(decoded)} MB/s, ${Math.round(events / 1000)}k events`,
    floor: `${Math.round(parsed)} MB/s (JSON.parse alone)`,
    ratio: formatRatio(ratio),
    goal: '≥ 0.3×',
    isMet: ratio >= 0.3,
    figures: { decodedMbPerSecond: decoded, parsedMbPerSecond: parsed, events, ...rest },
  }
}
