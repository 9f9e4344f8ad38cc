import type { WhyMessage } from '../schema/why.ts'
import { formatSpan } from '../util/span.ts'
import { formatMoment } from './moment.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { formatTable } from './table.ts'
import { truncateText } from './text-width.ts'

/** One line for each message: where it is, since or until when, and how its text begins. */
export function formatPlaces(
  messages: readonly WhyMessage[],
  now: number,
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
