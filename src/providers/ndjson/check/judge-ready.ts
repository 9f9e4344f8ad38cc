import type { RunnerFinding } from '../../../schema/reports.ts'
import { runnerClaims, runnerProtocolVersion } from '../protocol.ts'
import {
  describeEnd,
  excerpt,
  inWords,
  linesOf,
  note,
  right,
  wrong,
  type Stretch,
} from './transcript.ts'

const check = 'ready'
const readyLine = `{"type":"ready","protocol":${runnerProtocolVersion}}`
const flushHint = `Print ${readyLine} first of all, and flush it: printed to a file, most languages keep it until a buffer is full.`

/** What a program says of itself when it has started. */
export function judgeReady(stretch: Stretch): RunnerFinding[] {
  const [ready] = linesOf(stretch.lines, 'ready')
  if (!ready) {
    return [judgeMissing(stretch)]
  }
  const problems = [...judgeProtocol(ready), ...judgeClaims(ready), ...judgeSession(ready)]
  const claims = claimsOf(ready)
  const ability = claims.length > 0 ? `; it can ${claims.join(', ')}` : ''
  return problems.some(({ verdict }) => verdict === 'wrong')
    ? problems
    : [right(check, `after ${inWords(stretch.tookMs)}${ability}`), ...problems]
}

/** What it says that it can. */
export function claimsOf({ can }: Record<string, unknown>): string[] {
  return Array.isArray(can) ? can.filter((claim) => typeof claim === 'string') : []
}

function judgeMissing({ lines, outcome, tookMs, end, stderr }: Stretch): RunnerFinding {
  if (outcome === 'gone') {
    const detail = `it ${describeEnd(end, stderr)}, before it said "ready"`
    return wrong(check, detail, `Start it by hand: it must print ${readyLine} and then read lines.`)
  }
  const [first] = lines
  return first
    ? wrong(
        check,
        `no "ready" in ${inWords(tookMs)}; it printed: ${excerpt(first.text)}`,
        flushHint,
      )
    : wrong(check, `it printed nothing in ${inWords(tookMs)}`, flushHint)
}

function judgeProtocol({ protocol }: Record<string, unknown>): RunnerFinding[] {
  return protocol === runnerProtocolVersion
    ? []
    : [
        wrong(
          check,
          `"protocol" is ${JSON.stringify(protocol) ?? 'missing'}`,
          `This Drover speaks protocol ${runnerProtocolVersion}: print ${readyLine}.`,
        ),
      ]
}

function judgeClaims({ can }: Record<string, unknown>): RunnerFinding[] {
  const list = `"can" is a list of: ${runnerClaims.join(', ')}.`
  if (can !== undefined && !Array.isArray(can)) {
    return [wrong(check, `"can" is ${excerpt(JSON.stringify(can))}`, list)]
  }
  const unknown = ((can ?? []) as unknown[]).filter(
    (claim) => !runnerClaims.some((known) => known === claim),
  )
  return unknown.map((claim) =>
    wrong(check, `"can" has ${excerpt(JSON.stringify(claim))}, which means nothing`, list),
  )
}

function judgeSession(ready: Record<string, unknown>): RunnerFinding[] {
  const hasSession = typeof ready['session'] === 'string' && ready['session'] !== ''
  const resumes = claimsOf(ready).includes('resume')
  if (resumes && !hasSession) {
    const hint = 'Tell the conversation\'s id as "session"; DROVER_NEW_SESSION has one to take.'
    return [wrong(check, 'it says that it can resume, and names no session', hint)]
  }
  return hasSession && !resumes && ready['can'] !== undefined
    ? [
        note(
          check,
          'it names a session, and does not say that it can "resume": later runs begin afresh',
        ),
      ]
    : []
}
