/** C0 and C1 without tab: what a terminal acts on, or what begins that. */
export const controlCharacter = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/
/** The same without newline. */
export const controlInLine = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/

/** A control character, or a sequence with all that belongs to it. Source: ECMA-48, 5th edition, 5.3 to 5.6. */
export interface ControlSequence {
  kind: 'character' | 'escape' | 'csi' | 'string'
  /** The character itself, or the last one of a sequence; empty where it is cut off or broken. */
  final: string
  /** Of a `csi`: its parameters with their private mark; else the characters in between. */
  parameters: string
  /** Where the text goes on. */
  end: number
  /** The text ended before it did: more of it may come. */
  isOpen: boolean
}

const codes = { bell: 0x07, newline: 0x0a, escape: 0x1b, delete: 0x7f, csi: 0x9b, terminator: 0x9c }

/** What begins DCS, SOS, OSC, PM, APC, and the title of `screen`, after an escape and as C1. */
const stringsAfterEscape = new Set([0x50, 0x58, 0x5d, 0x5e, 0x5f, 0x6b])
const strings = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f])

/**
 * The sequence that begins at `start`, which is at a control character. What breaks a sequence is
 * no part of it: it is read anew. So a string that never ends takes what is before the next control
 * character, and no more. Looks at no character behind `end`.
 */
export function readSequence(text: string, start: number): ControlSequence {
  const code = text.charCodeAt(start)
  if (code === codes.csi) {
    return readCsi(text, start + 1)
  }
  if (strings.has(code)) {
    return readString(text, start + 1)
  }
  if (code !== codes.escape) {
    return { kind: 'character', final: text.charAt(start), parameters: '', ...at(start + 1) }
  }
  const next = text.charCodeAt(start + 1)
  if (next === 0x5b) {
    return readCsi(text, start + 2)
  }
  return stringsAfterEscape.has(next) ? readString(text, start + 2) : readEscape(text, start + 1)
}

const at = (end: number, isOpen = false): Pick<ControlSequence, 'end' | 'isOpen'> => ({
  end,
  isOpen,
})

function readCsi(text: string, start: number): ControlSequence {
  const middle = skip(text, start, [0x30, 0x3f])
  const end = skip(text, middle, [0x20, 0x2f])
  const parameters = text.slice(start, end)
  const code = text.charCodeAt(end)
  const isWhole = code >= 0x40 && code <= 0x7e
  return isWhole
    ? { kind: 'csi', final: text.charAt(end), parameters, ...at(end + 1) }
    : { kind: 'csi', final: '', parameters, ...at(end, end === text.length) }
}

function readEscape(text: string, start: number): ControlSequence {
  const end = skip(text, start, [0x20, 0x2f])
  const parameters = text.slice(start, end)
  const code = text.charCodeAt(end)
  const isWhole = code >= 0x30 && code <= 0x7e
  return isWhole
    ? { kind: 'escape', final: text.charAt(end), parameters, ...at(end + 1) }
    : { kind: 'escape', final: '', parameters, ...at(end, end === text.length) }
}

/** To its end by BEL or ST, or to the control character that breaks it. */
function readString(text: string, start: number): ControlSequence {
  let end = start
  while (end < text.length && !isControl(text.charCodeAt(end))) {
    end++
  }
  const string = { kind: 'string', final: '', parameters: '' } as const
  const code = text.charCodeAt(end)
  if (code === codes.bell || code === codes.terminator) {
    return { ...string, ...at(end + 1) }
  }
  if (code === codes.escape && text.charAt(end + 1) === '\\') {
    return { ...string, ...at(end + 2) }
  }
  const isOpen = end === text.length || (code === codes.escape && end + 1 === text.length)
  return { ...string, ...at(isOpen ? text.length : end, isOpen) }
}

function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09) || (code >= 0x7f && code <= 0x9f)
}

/** Past the characters from the first to the last one of a range. */
function skip(text: string, start: number, [first, last]: readonly [number, number]): number {
  let end = start
  for (let code = text.charCodeAt(end); code >= first && code <= last;) {
    code = text.charCodeAt(++end)
  }
  return end
}
