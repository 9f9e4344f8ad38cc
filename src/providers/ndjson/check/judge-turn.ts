import { errorClasses } from '../../../schema/error-class.ts'
import type { RunnerFinding } from '../../../schema/reports.ts'
import { isRecord } from '../protocol.ts'
import { asText, readError, readEvent } from '../read-fields.ts'
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

type Value = Record<string, unknown>

/** One query and what came of it, up to its `agent_stopped`. */
export interface TurnTried {
  check: string
  id: string
  stretch: Stretch
  /** What the query was, where it was not plain: "written in two pieces". */
  manner?: string
}

/** A turn must begin, tell what happens, and end, under the id of its query. */
export function judgeTurn({ check, id, stretch, manner }: TurnTried): RunnerFinding[] {
  const { lines, tookMs } = stretch
  const stopped = linesOf(lines, 'agent_stopped')
  const mine = stopped.find((value) => value['id'] === id)
  const problems = [...judgeIds(check, id, lines), ...(mine ? judgeStopped(check, mine) : [])]
  if (stopped.length === 0) {
    problems.push(judgeOpen({ check, id, stretch }))
  }
  if (linesOf(lines, 'agent_started').length === 0 && mine) {
    const hint = `Print {"type":"agent_started","id":"${id}"} when you take the query: from then on it counts as accepted.`
    problems.push(wrong(check, 'it answered without "agent_started"', hint))
  }
  problems.push(...linesOf(lines, 'agent_event').flatMap((value) => judgeEvent(check, value)))
  const isWell = problems.every(({ verdict }) => verdict !== 'wrong')
  const how = manner ? `, ${manner}` : ''
  return isWell && mine
    ? [right(check, `answered in ${inWords(tookMs)}${how}${saidIn(lines, mine)}`), ...problems]
    : problems
}

function saidIn(lines: Stretch['lines'], stopped: Value): string {
  const reply = excerpt(asText(stopped['reply']) ?? textsOf(lines), 60)
  return reply === '' ? '' : `: ${reply}`
}

function textsOf(lines: Stretch['lines']): string {
  return linesOf(lines, 'agent_event')
    .map(({ event }) => (isRecord(event) && event['type'] === 'text' ? asText(event['text']) : ''))
    .join('')
}

/** Ids are the query's, letter by letter. */
function judgeIds(check: string, id: string, lines: Stretch['lines']): RunnerFinding[] {
  const foreign = lines.flatMap(({ value }) => {
    const isOfTurn = /^agent_(?:started|stopped|event|joined)$/.test(String(value?.['type']))
    const isEvent = value?.['type'] === 'agent_event' && (value['id'] ?? null) === null
    return value && isOfTurn && !isEvent && value['id'] !== id ? [value] : []
  })
  const [first] = foreign
  return first
    ? [
        wrong(
          check,
          `${String(first['type'])} has the id ${JSON.stringify(first['id']) ?? 'missing'}; the query's was "${id}"`,
          'Copy the id of the query into every line about it, as it is.',
        ),
      ]
    : []
}

/** A turn that did not end. */
function judgeOpen({ check, id, stretch }: TurnTried): RunnerFinding {
  const { outcome, tookMs, end, stderr, lines } = stretch
  if (outcome === 'gone') {
    return wrong(check, `it ${describeEnd(end, stderr)}, in the middle of its turn`, null)
  }
  const [error] = linesOf(lines, 'agent_error')
  if (error) {
    const hint = `A query that is not understood is a bug: it is {"type":"query","id":"${id}","text":…,"from":…} on one line.`
    return wrong(check, `it printed agent_error: ${excerpt(String(error['message']))}`, hint)
  }
  return linesOf(lines, 'agent_started').length > 0
    ? wrong(
        check,
        `its turn was not over in ${inWords(tookMs)}`,
        `Print {"type":"agent_stopped","id":"${id}","reply":…} at its end. If it needs longer, give it time: --timeout.`,
      )
    : wrong(
        check,
        `it did not take the query in ${inWords(tookMs)}`,
        'Read standard input line by line, act on each line as it comes, and flush what you print.',
      )
}

/** Fields may be left out, but what is there must be what it is called. */
function judgeStopped(check: string, stopped: Value): RunnerFinding[] {
  const { reply, usage, cost_usd: cost, duration_ms: duration, error, interrupted } = stopped
  const tokens = isRecord(usage) ? usage : {}
  const faults = [
    reply === undefined || typeof reply === 'string' ? '' : '"reply" is no text',
    isAbsent(usage) || isRecord(usage) ? '' : '"usage" is no object',
    isAmount(tokens['input_tokens']) ? '' : '"usage.input_tokens" is no number from 0 up',
    isAmount(tokens['output_tokens']) ? '' : '"usage.output_tokens" is no number from 0 up',
    isAmount(cost) ? '' : '"cost_usd" is no number from 0 up',
    isAmount(duration) ? '' : '"duration_ms" is no number from 0 up',
    isAbsent(interrupted) || typeof interrupted === 'boolean' ? '' : '"interrupted" is no boolean',
    isAbsent(error) || typeof error === 'string' || isRecord(error) ? '' : '"error" is no object',
    isRecord(error) ? errorFault(error) : '',
  ].filter(Boolean)
  const hint = 'Leave out what you do not know, or make it null; 0 means that it was measured.'
  const failure = readError(error)
  return [
    ...faults.map((fault) => wrong(check, `agent_stopped: ${fault}`, hint)),
    ...(failure
      ? [
          note(
            check,
            `the turn ended with an error of class ${failure.class}: ${excerpt(failure.message, 200)}`,
          ),
        ]
      : []),
  ]
}

function errorFault(error: Value): string {
  const isKnown =
    error['class'] === undefined || errorClasses.some((known) => known === error['class'])
  if (!isKnown) {
    return `"error.class" is none of ${errorClasses.join(', ')}`
  }
  return typeof error['message'] === 'string' ? '' : '"error.message" is missing'
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function isAmount(value: unknown): boolean {
  return isAbsent(value) || (typeof value === 'number' && Number.isFinite(value) && value >= 0)
}

function judgeEvent(check: string, { event }: Value): RunnerFinding[] {
  const hint =
    'An agent_event holds {"event":{"type":"text","text":…}}, or another of the table in docs/runners.md.'
  if (!isRecord(event) || typeof event['type'] !== 'string') {
    return [
      wrong(
        check,
        `agent_event without an "event" that has a type: ${excerpt(JSON.stringify(event ?? null))}`,
        hint,
      ),
    ]
  }
  const isEmptyText = event['type'] === 'text' && event['text'] === ''
  return readEvent(event) === null && !isEmptyText
    ? [note(check, `an event that Drover skips: ${excerpt(JSON.stringify(event))}`, hint)]
    : []
}
