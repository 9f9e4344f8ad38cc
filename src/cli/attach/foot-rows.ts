import type { Colors } from '../colors.ts'
import { oneLine } from '../plain-text.ts'
import { spinnerFrames } from '../spinner.ts'
import type { Conversation } from './conversation.ts'
import type { Foot } from './screen.ts'

export const frameMs = 80
/** Messages that wait, and questions, that are shown one by one. */
const mostShown = 3

type Rows = Foot['rows'][number][]

/** How things stand, in rows above the line being typed. */
export function footRows(
  { waiting, activity, isWaking, questions }: Conversation,
  { dim, cyan, yellow, magenta }: Colors,
  isAway: boolean,
): Rows {
  const frame = spinnerFrames[Math.floor(performance.now() / frameMs) % spinnerFrames.length]
  const messages = waiting.map(({ body, place }) => ({
    text: `${place === null || isWaking ? 'you' : `${ordinal(place)} in line`} › ${oneLine(body)}`,
    paint: dim,
  }))
  const asked = questions.map(({ id, title, risk }) => ({
    text: `? ${oneLine(title)} (${risk} risk)  ${id}`,
    paint: magenta,
  }))
  const what = questions.length > 1 ? 'the first' : 'it'
  const how = { text: `  y allows ${what}, n denies it; n TEXT says why`, paint: dim }
  const state = isAway
    ? { text: `${frame} the daemon is away; trying again`, paint: yellow }
    : {
        text: `${frame} ${activity}`,
        paint: (text: string) => cyan(text.slice(0, 1)) + dim(text.slice(1)),
      }
  return [
    ...few(messages, dim),
    ...few(asked, dim),
    ...(asked.length > 0 ? [how] : []),
    ...(isAway || activity !== null ? [state] : []),
  ]
}

function few(rows: Rows, paint: Colors['dim']): Rows {
  const more = rows.length - mostShown
  return more > 0 ? [...rows.slice(0, mostShown), { text: `… and ${more} more`, paint }] : rows
}

/** `1st`, `2nd`, `11th`. */
function ordinal(place: number): string {
  const isTeen = place % 100 >= 11 && place % 100 <= 13
  const ending = isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th')
  return `${place}${ending}`
}
