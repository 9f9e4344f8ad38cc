import type { Stroke } from '../../core/strokes.ts'

/** Characters that a terminal's program would act on; a pasted ESC could end the paste itself. */
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** A text as it is pasted: its lines end in newlines, and nothing in it but tabs is a key. */
export function pastable(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(controlCharacters, '')
}

/** Types a text into a program's prompt, as one piece, and enters it. `pauseMs`: between the two. */
export function submitText(text: string, pauseMs = 0): Stroke[] {
  return [
    { stroke: 'paste', text: pastable(text) },
    ...(pauseMs > 0 ? [{ stroke: 'pause', ms: pauseMs } as const] : []),
    { stroke: 'keys', text: '\r' },
  ]
}

/** Between an Escape and what may follow, ms: together they would be another key. */
const escapeMs = 200

/** Presses Escape, and nothing that comes later with it. */
export function pressEscape(): Stroke[] {
  return [
    { stroke: 'keys', text: '\u001b' },
    { stroke: 'pause', ms: escapeMs },
  ]
}

/** A joiner of words that nobody sees; a program does not trim it away. */
const joiner = '\u2060'

/** A text that begins like a command of the program's own, so that it is none. */
export function asNoCommand(text: string): string {
  return `${joiner}${text}`
}

/** A text without what it was typed with for its program's sake. */
export function withoutJoiner(text: string): string {
  return text.replace(/^\u2060/, '')
}
