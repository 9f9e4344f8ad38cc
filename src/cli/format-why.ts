import type { ChangeKind, HolderKind, Why, WhyMessage } from '../schema/why.ts'
import { formatSpan } from '../util/span.ts'
import type { Colors } from './colors.ts'
import { formatFields } from './fields.ts'
import { paintStatus, statusText } from './format-agent.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { formatClock } from './relative-time.ts'
import { formatTable } from './table.ts'
import { textWidth, truncateText } from './text-width.ts'

/** One screen; an agent that is well takes two lines. */
export function formatWhy(why: Why, output: Output): string[] {
  const { messages } = why
  const more = messages.open + messages.queued - messages.shown.length
  return [
    formatHead(why, output),
    ...formatFields(
      [
        ['next', nextText(why)],
        ['awake', awakeText(why)],
        ['gates', closedText(why)],
        ['ended', deathText(why)],
      ],
      output,
    ),
    ...section(
      more > 0 ? `Messages, the newest; ${more} more` : 'Messages',
      output.colors,
      formatMessages(messages.shown, why, output),
    ),
    ...section(
      'Messages that did not go well',
      output.colors,
      formatMessages(messages.troubled, why, output),
    ),
    ...section(
      'What its program said last',
      output.colors,
      why.lines.map((line) => `  ${truncateText(oneLine(line), output.width - 2)}`),
    ),
  ]
}

function section(title: string, colors: Colors, lines: readonly string[]): string[] {
  return lines.length > 0 ? ['', colors.dim(title), ...lines] : []
}

function formatHead(
  { agent, status, because, since, at }: Why,
  { colors, isTerminal, width }: Output,
): string {
  const word = statusText(status, isTerminal)
  const span = since === null || at - since < 1000 ? '' : ` for ${formatSpan(at - since)}`
  const room = width - textWidth(agent + word + span) - 4
  return [
    colors.bold(agent),
    `${paintStatus(word, status, colors)}${colors.dim(span)}`,
    truncateText(oneLine(because), Math.max(room, 20)),
  ].join('  ')
}

const verbs: Readonly<Record<ChangeKind, string>> = {
  'takes-message': 'takes its next message',
  sleeps: 'sleeps',
  wakes: 'wakes',
  restarts: 'restarts',
  renews: 'begins a fresh session',
  'ends-run': 'ends its run',
  stops: 'stops',
  fails: 'fails',
  'gives-up': 'gives up waiting',
  'looks-again': 'is looked at again',
  goes: 'is removed',
}

function nextText({ next, agent, status, gates, at: now }: Why): string {
  if (!next) {
    const isShut = (name: string): boolean =>
      gates.some(({ gate, isOpen }) => gate === name && !isOpen)
    if (isShut('stopped') || isShut('quarantined')) {
      return `nothing, until \`drover start ${agent}\``
    }
    if (isShut('over-budget')) {
      return 'nothing: messages are refused'
    }
    return `nothing by itself; ${status === 'asleep' ? 'a message wakes it' : 'it waits for a message'}`
  }
  const verb = verbs[next.what] ?? next.what
  if (next.at === null) {
    return `${verb} ${next.reason}`
  }
  return `${verb} ${formatWhen(next.at, now)}, ${next.reason}`
}

/** `now`, `in 14 s`, `in 57 min, at 14:05`. */
function formatWhen(at: number, now: number): string {
  const leftMs = at - now
  if (leftMs < 500) {
    return 'now'
  }
  const clock = leftMs < 60_000 ? '' : ` (${formatMoment(at, now)})`
  return `in ${formatSpan(leftMs)}${clock}`
}

/** The time of day, with the day where that is another one. */
function formatMoment(at: number, now: number): string {
  const clock = formatClock(at).slice(0, 5)
  const isToday = new Date(at).toDateString() === new Date(now).toDateString()
  return isToday ? clock : `${new Date(at).toLocaleDateString('en-CA')} ${clock}`
}

/** Holders that its status and its messages tell of. */
const toldElsewhere: ReadonlySet<HolderKind> = new Set([
  'starting',
  'turn',
  'question',
  'input',
  'queued',
  'recent',
  'unknown',
])

/** What keeps it awake, where that is more than its status says. */
function awakeText({ holders, at }: Why): string | null {
  return holders.every(({ what }) => toldElsewhere.has(what))
    ? null
    : holders
        .map(({ text, since }) =>
          since === null ? text : `${text}, for ${formatSpan(at - since)}`,
        )
        .join('\n')
}

/** What keeps it down besides what its status says. */
function closedText({ gates, because, at }: Why): string | null {
  return gates
    .filter(({ isOpen, cause }) => !isOpen && cause !== null && !because.includes(cause))
    .map(({ gate, cause, until }) => {
      const end = until === null ? '' : `, until ${formatMoment(until, at)}`
      return `${gate}: ${oneLine(cause ?? '')}${end}`
    })
    .join('\n')
}

/** How its programs ended, where that was more than once. */
function deathText({ deaths: { recent, attempts }, at: now }: Why): string | null {
  if (recent.length < 2) {
    return null
  }
  const spans = recent.map(({ at }) => `${formatSpan(now - at)} ago`)
  const width = Math.max(...spans.map((span) => span.length))
  const lines = recent.map(
    ({ status, cause }, index) => `${spans[index]!.padEnd(width)}  ${oneLine(cause ?? status)}`,
  )
  const more = attempts - recent.length
  return [...lines, ...(more > 0 ? [`… and ${more} before`] : [])].join('\n')
}

function formatMessages(
  messages: readonly WhyMessage[],
  { at: now }: Why,
  { width, colors }: Output,
): string[] {
  const table = formatTable<WhyMessage>(
    [
      { title: '', cell: ({ id }) => `  ${id}`, paint: colors.dim },
      { title: '', cell: ({ state }) => state },
      { title: '', cell: (message) => shortenIds(placeText(message, now), messages), shrinkTo: 20 },
      {
        title: '',
        cell: ({ from, text }) => truncateText(`${from}: ${oneLine(text)}`, 60),
        paint: colors.dim,
        shrinkTo: 8,
      },
    ],
    messages,
    { width },
  )
  return table.slice(1)
}

/** A long id of another message in the list is told by its end. */
function shortenIds(text: string, messages: readonly WhyMessage[]): string {
  return messages
    .filter(({ id }) => id.length > longestId)
    .reduce((each, { id }) => each.replaceAll(id, `…${id.slice(-6)}`), text)
}

const longestId = 12

function placeText({ because, state, since, until }: WhyMessage, now: number): string {
  if (until !== null) {
    return `${oneLine(because)}, until ${formatMoment(until, now)}`
  }
  const isFinal = state === 'failed' || state === 'refused' || state === 'dead'
  const span = formatSpan(now - since)
  return `${oneLine(because)}, ${isFinal ? `${span} ago` : `for ${span}`}`
}
