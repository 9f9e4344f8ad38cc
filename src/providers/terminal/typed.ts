import { encodeStrokes } from '../../core/strokes.ts'
import type { OutgoingMessage, ProviderEvent } from '../contract.ts'
import { pastable, withoutJoiner } from './submit-text.ts'

/** How a text is known again: programs change its white space and nothing else. */
interface TextMark {
  head: string
  tail: string
  /** Characters, white space counted once. */
  length: number
}

/** A message that was typed and that the program did not take yet. */
export interface Typed extends TextMark {
  id: string
  /** When it was typed, or entered anew, Unix ms. */
  at: number
  /** So often it was entered anew. */
  presses: number
}

const markLength = 300

/** It is entered anew after each of these without a sign of it, ms; an Enter in an empty prompt does nothing. */
const patienceMs: readonly number[] = [3000, 6000, 12_000]

/** A message was typed and entered. */
export function noteTyped(typed: Typed[], { id, body }: OutgoingMessage, now: number): void {
  typed.push({ id, ...markOf(body), at: now, presses: 0 })
}

/**
 * The message whose text this is, which the program took; null: a person typed it. One that was
 * pasted behind what a person had begun to type was taken with that.
 */
export function takeTyped(typed: Typed[], text: string): string | null {
  const mark = markOf(text)
  const same = typed.findIndex((each) => isSame(each, mark))
  const index = same === -1 ? typed.findIndex((each) => isEnd(each, mark)) : same
  return index === -1 ? null : (typed.splice(index, 1)[0]?.id ?? null)
}

/** The same for a text of which only the beginning is known. */
export function takeTypedByHead(typed: Typed[], beginning: string): string | null {
  const { head } = markOf(beginning)
  const index = typed.findIndex((each) => each.length >= head.length && each.head === head)
  return index === -1 ? null : (typed.splice(index, 1)[0]?.id ?? null)
}

/** When the oldest is to be entered anew, Unix ms; null: never. */
export function typedDueAt(typed: readonly Typed[], now: number): number | null {
  const [oldest] = typed
  const patience = oldest && patienceMs[oldest.presses]
  return patience === undefined ? null : Math.min(oldest!.at, now) + patience
}

/** Enters the oldest anew, when its time has come; the last time is told. */
export function enterAgain(typed: readonly Typed[], now: number): ProviderEvent[] {
  const dueAt = typedDueAt(typed, now)
  const [oldest] = typed
  if (oldest === undefined || dueAt === null || now < dueAt) {
    return []
  }
  oldest.at = now
  oldest.presses += 1
  const isLast = oldest.presses === patienceMs.length
  const detail = 'a message was typed and the program did not take it yet'
  return [
    { type: 'input', text: encodeStrokes([{ stroke: 'keys', text: '\r' }]) },
    ...(isLast ? [{ type: 'status', status: 'not_taken', detail } as const] : []),
  ]
}

function markOf(text: string): TextMark {
  const plain = pastable(withoutJoiner(text)).trim().replaceAll(/\s+/g, ' ')
  return {
    head: plain.slice(0, markLength),
    tail: plain.slice(-markLength),
    length: plain.length,
  }
}

function isSame(one: TextMark, other: TextMark): boolean {
  return one.length === other.length && one.head === other.head && one.tail === other.tail
}

function isEnd({ tail, length }: TextMark, whole: TextMark): boolean {
  return length > 0 && whole.length > length && whole.tail.endsWith(tail)
}
