import type { RunnerFinding } from '../../../schema/reports.ts'
import { describeEnd, inWords, linesOf, note, right, wrong, type Stretch } from './transcript.ts'

/** What it says in "can", tried. */

export function judgeInterrupt(id: string, { lines, outcome, ...rest }: Stretch): RunnerFinding {
  const check = 'interrupt'
  const hint =
    'Read on while a turn runs. On {"type":"interrupt","id":…} with the id of that turn, break it off and print agent_stopped with "interrupted":true.'
  if (outcome === 'gone') {
    return wrong(check, `it ${describeEnd(rest.end, rest.stderr)}; only the turn is to end`, hint)
  }
  const stopped = linesOf(lines, 'agent_stopped').find((value) => value['id'] === id)
  if (!stopped || outcome === 'late') {
    return wrong(check, `the turn goes on ${inWords(rest.tookMs)} after it`, hint)
  }
  return stopped['interrupted'] === true
    ? right(check, `ended the turn in ${inWords(rest.tookMs)}, and the program stayed`)
    : note(
        check,
        'the turn ended, and does not say "interrupted":true',
        'Either it was over already: then try a --prompt that takes long. Or say so, else it counts as answered.',
      )
}

/** A query given into a turn; `first` and `second` are their ids. */
export function judgeSteer(first: string, second: string, stretch: Stretch): RunnerFinding {
  const check = 'steer'
  const { lines, outcome, tookMs, end, stderr } = stretch
  const hint =
    'Read on while a turn runs. A query with "steer":true that comes meanwhile: take it into the turn, print agent_joined with its id, and end both by the one agent_stopped of the first.'
  const has = (type: string, id: string): boolean =>
    linesOf(lines, type).some((value) => value['id'] === id)
  if (outcome === 'gone') {
    return wrong(check, `it ${describeEnd(end, stderr)}`, hint)
  }
  if (has('agent_joined', second)) {
    if (has('agent_stopped', second)) {
      return wrong(check, 'a query that joined a turn was ended a second time', hint)
    }
    return has('agent_stopped', first)
      ? right(check, 'a query joined the turn under way')
      : wrong(check, `the turn that it joined was not over in ${inWords(tookMs)}`, hint)
  }
  return has('agent_stopped', second)
    ? note(
        check,
        'the second query had a turn of its own',
        'Right where the first was over already: then try a --prompt that takes long.',
      )
    : wrong(check, `the second query was not taken in ${inWords(tookMs)}`, hint)
}

/** After its settings were changed, with a ping behind. */
export function judgeSettings(fields: readonly string[], stretch: Stretch): RunnerFinding {
  const check = 'settings'
  const lines = fields.map((field) => `set_${field}`).join(', ')
  return stretch.outcome === 'seen'
    ? note(check, `${lines}: taken without harm; whether it heeds them this check can't see`)
    : wrong(
        check,
        stretch.outcome === 'gone'
          ? `it ${describeEnd(stretch.end, stretch.stderr)}, over ${lines}`
          : `after ${lines} it answers no more`,
        'It says that it can these: take each and go on.',
      )
}

/** A query without the trigger, after `set_trigger`. */
export function judgeTrigger(id: string, { lines, outcome, tookMs }: Stretch): RunnerFinding {
  const check = 'trigger'
  const hint =
    'A query that does not hold the trigger is answered at once by agent_started and agent_stopped with an empty reply.'
  const stopped = linesOf(lines, 'agent_stopped').find((value) => value['id'] === id)
  if (outcome !== 'seen' || !stopped) {
    return wrong(check, `a query without it was not ended in ${inWords(tookMs)}`, hint)
  }
  const hasText = lines.some(({ value }) => value?.['type'] === 'agent_event')
  return (stopped['reply'] ?? '') === '' && !hasText
    ? right(check, 'a query without it is passed over')
    : wrong(check, 'a query without it is answered', hint)
}

/** Started again with the session that it named. */
export function judgeResume(session: string, stretch: Stretch): RunnerFinding {
  const [ready] = linesOf(stretch.lines, 'ready')
  const hint = 'DROVER_SESSION has the conversation to go on with; name it as "session" again.'
  if (!ready) {
    return stretch.outcome === 'gone'
      ? wrong('resume', `it ${describeEnd(stretch.end, stretch.stderr)}`, hint)
      : wrong('resume', `no "ready" in ${inWords(stretch.tookMs)}`, hint)
  }
  return ready['session'] === session
    ? right('resume', 'a second start goes on with the session')
    : wrong(
        'resume',
        `told to go on with "${session}", it names ${JSON.stringify(ready['session'] ?? null)}`,
        hint,
      )
}

/** Started with a session that never was. */
export function judgeLostSession({ lines, outcome, end, stderr, tookMs }: Stretch): RunnerFinding {
  const check = 'lost session'
  const hint =
    'Where the conversation in DROVER_SESSION is not there, say so on stderr and end with a code other than 0. A new one in its place would pass for the old.'
  if (linesOf(lines, 'ready').length > 0) {
    return wrong(
      check,
      'told to go on with a session that never was, it is ready all the same',
      hint,
    )
  }
  if (outcome !== 'gone') {
    return wrong(
      check,
      `told to go on with a session that never was, it still runs after ${inWords(tookMs)}`,
      hint,
    )
  }
  return end?.code === 0
    ? wrong(
        check,
        'told to go on with a session that never was, it ended as if all were well',
        hint,
      )
    : right(check, `is told: it ${describeEnd(end, stderr)}`)
}
