import { createHash } from 'node:crypto'
import type { Print } from './state.ts'

/**
 * What of a text an input box leaves as it is. Claude Code trims it, makes spaces of tabs, takes
 * invisible characters out, and wraps what is long in a tag.
 */
export function printOf(text: string): Print {
  const visible = visibleOf(text)
  return { digest: digest(visible), length: visible.length }
}

/** Whether that text was said, be it behind what stood in the input box before. */
export function isPrintOf({ digest: wanted, length }: Print, text: string): boolean {
  const visible = visibleOf(text)
  return length > 0 && visible.length >= length && digest(visible.slice(-length)) === wanted
}

function visibleOf(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/<\/?pasted_content(?: [^<>]*)?>/g, '')
    .replaceAll(/[\s\p{Cc}\p{Cf}\p{Variation_Selector}]+/gu, '')
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
