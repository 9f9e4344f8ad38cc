import type { ChangeKind, HolderKind, Why } from '../schema/why.ts'
import { formatSpan } from '../util/span.ts'
import type { Colors } from './colors.ts'
import { formatFields } from './fields.ts'
import { paintStatus, statusText } from './format-agent.ts'
import { formatPlaces } from './format-places.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { formatMoment, formatWhen } from './moment.ts'
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
        ['scheduled', scheduleText(why)],
        ['asks', asksText(why)],
        ['awake', awakeText(why)],
        ['gates', closedText(why)],
        ['kept from', refusedText(why)],
        ['ended', deathText(why)],
      ],
      output,
    ),
    ...section(
      more > 0 ? `Messages, the newest; ${more} more` : 'Messages',
      output.colors,
      formatPlaces(messages.shown, why.at, output),
    ),
    ...section(
      'Messages that did not go well',
      output.colors,
      formatPlaces(messages.troubled, why.at, output),
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
  denies: 'is denied what it asks for',
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

function scheduleText({ scheduled, at: now }: Why): string | null {
  return scheduled && `${scheduled.name} sends it a message ${formatWhen(scheduled.at, now)}`
}

/** What it asks a person; what a run asked that is over, too. A daemon from before tells of none. */
function asksText({
  questions,
  at: now,
}: Partial<Pick<Why, 'questions'>> & Pick<Why, 'at'>): string | null {
  return (
    questions
      ?.map(({ id, title, since, isLive }) => {
        const facts = [`for ${formatSpan(now - since)}`, ...(isLive ? [] : ['its run is over'])]
        return `${oneLine(title)}  ${id}, ${facts.join(', ')}`
      })
      .join('\n') ?? null
  )
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

/** Where its network policy kept it from. A daemon from before tells of none. */
function refusedText({ refused = [], at: now }: Why): string | null {
  return (
    refused
      .map(({ host, port, why, at }) => `${host}:${port}, ${formatSpan(now - at)} ago: ${why}`)
      .join('\n') || null
  )
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
