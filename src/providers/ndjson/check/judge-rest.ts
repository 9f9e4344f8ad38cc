import type { RunnerFinding } from '../../../schema/reports.ts'
import { asText } from '../read-fields.ts'
import {
  describeEnd,
  excerpt,
  inWords,
  linesOf,
  note,
  right,
  wrong,
  type PrintedLine,
  type Stretch,
} from './transcript.ts'

export function judgePing({ outcome, tookMs, end, stderr }: Stretch): RunnerFinding {
  const check = 'ping'
  if (outcome === 'seen') {
    return right(check, `answered in ${inWords(tookMs)}`)
  }
  return outcome === 'gone'
    ? wrong(check, `it ${describeEnd(end, stderr)}`, 'A ping is no reason to end.')
    : wrong(check, `no "pong" in ${inWords(tookMs)}`, 'Answer {"type":"ping"} by {"type":"pong"}.')
}

/** After a line of a type that nobody knows, and a ping behind it. */
export function judgeUnknown({ lines, outcome, end, stderr }: Stretch): RunnerFinding {
  const check = 'unknown input'
  const hint = 'Skip lines whose type you do not know: a later Drover may say more than this one.'
  if (outcome === 'gone') {
    return wrong(
      check,
      `it ${describeEnd(end, stderr)}, over a line of a type it does not know`,
      hint,
    )
  }
  if (outcome === 'late') {
    return wrong(check, 'after a line of a type it does not know it answers no more', hint)
  }
  const answer = lines.find(({ value }) => value && String(value['type']).startsWith('agent_'))
  if (!answer) {
    return right(check, 'is skipped')
  }
  return answer.value?.['type'] === 'agent_error'
    ? note(check, 'is answered by agent_error', hint)
    : wrong(check, `is answered: ${excerpt(answer.text)}`, hint)
}

/** What ended it: a line, or the end of its input. */
export function judgeEnd(check: 'stop' | 'end of input', stretch: Stretch): RunnerFinding {
  const { outcome, tookMs, end, stderr } = stretch
  const cause = check === 'stop' ? 'a line of type "stop"' : 'the end of its input'
  if (outcome === 'late' || !end) {
    return wrong(
      check,
      `it still runs ${inWords(tookMs)} after ${cause}`,
      `Leave the loop at ${cause}, and let nothing else keep the program: timers, threads, open sockets.`,
    )
  }
  return end.code === 0
    ? right(check, `ends it in ${inWords(tookMs)}, with code 0`)
    : wrong(check, `it ${describeEnd(end, stderr)}`, 'An end that was asked for has the code 0.')
}

/** A query whose input ended at once: the turn is finished first. */
export function judgeLastTurn(id: string, stretch: Stretch): RunnerFinding {
  const ended = linesOf(stretch.lines, 'agent_stopped').some((value) => value['id'] === id)
  return ended
    ? judgeEnd('end of input', stretch)
    : wrong(
        'end of input',
        stretch.end
          ? `it ${describeEnd(stretch.end, stretch.stderr)}, before the turn it was in was over`
          : `the turn it was in was not over in ${inWords(stretch.tookMs)}`,
        'At the end of input finish the turn under way, and what waits behind it, then end.',
      )
}

/** All that was printed on stdout, over all starts. */
export function judgeOutput(
  lines: readonly PrintedLine[],
  rests: readonly string[],
): RunnerFinding[] {
  const check = 'output'
  const foreign = lines.filter(
    ({ text, value }) => text !== '' && typeof value?.['type'] !== 'string',
  )
  const [first] = foreign
  const rest = rests.find((each) => each !== '')
  const problems = [
    ...(first
      ? [
          wrong(
            check,
            `${foreign.length === 1 ? 'a line is' : `${foreign.length} lines are`} no message: ${excerpt(first.text)}`,
            'Standard output is for the protocol alone, one JSON object a line with a "type"; print all else on stderr.',
          ),
        ]
      : []),
    ...(rest === undefined
      ? []
      : [
          wrong(
            check,
            `it ended in mid-line: ${excerpt(rest)}`,
            'End each line with a newline, the last one too.',
          ),
        ]),
    ...judgeRepeats(lines),
  ]
  return problems.length > 0 || lines.length === 0
    ? problems
    : [right(check, 'is the protocol and nothing else')]
}

function judgeRepeats(lines: readonly PrintedLine[]): RunnerFinding[] {
  const ids = linesOf(lines, 'agent_stopped').map(({ id }) => asText(id))
  const twice = ids.find((id, index) => id !== null && ids.indexOf(id) !== index)
  return twice === undefined
    ? []
    : [
        wrong(
          'output',
          `the turn of "${twice}" ended twice`,
          'Print one agent_stopped for each query.',
        ),
      ]
}

/** Programs that it started and that outlived it. */
export function judgeLeftovers(commands: readonly string[]): RunnerFinding {
  return commands.length === 0
    ? right('left behind', 'nothing: all it started ended with it')
    : wrong(
        'left behind',
        `${commands.join(', ')} went on when it had ended`,
        'Wait for what you start, or end it. Drover ends it with the run, unasked.',
      )
}

/** It was asked to do something, and a person was asked whether it may; the check said no. */
export function judgeQuestions(lines: readonly PrintedLine[]): RunnerFinding[] {
  const asked = linesOf(lines, 'agent_question')
  if (asked.length === 0) {
    return []
  }
  return asked.every(({ id }) => typeof id === 'string')
    ? [right('questions', `${asked.length} asked, and denied by this check; it went on`)]
    : [
        wrong(
          'questions',
          'a question without an "id"',
          'Give each agent_question an id of its own: the answer comes under it.',
        ),
      ]
}
