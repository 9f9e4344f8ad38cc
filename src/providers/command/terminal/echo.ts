import { pastable } from '../../terminal/submit-text.ts'

/** What is remembered of what was typed, to know it again when the terminal shows it. */
export interface Echo {
  /** Lines that were typed and are not shown yet. */
  typed: string[]
  /** Lines that were typed, shown or not: a prompt may show them once more. */
  known: string[]
  /** A line is being edited: what the program shows is its prompt and what was typed. */
  isEditing: boolean
  /** So many lines may be shown while one is edited; a program that edits for ever has answers, too. */
  editable: number
}

/** Of the last message; longer ones are known by their beginning. */
const mostLines = 100
const longestLine = 200

/** Bracketed paste is switched on for as long as a line is edited. Source: readline(3), zshzle(1). */
const beginsEditing = '\u001b[?2004h'
const endsEditing = '\u001b[?2004l'

/**
 * What a prompt looks like before what is typed at it: `$ `, `>>> `, `... `, `sqlite> `. No colon: an
 * answer may be `heard: ` and what was typed, and is not to be lost.
 */
const prompt = /^(?:.*[$#%>❯] |\.\.\. )$/

export function createEcho(): Echo {
  return { typed: [], known: [], isEditing: false, editable: 0 }
}

/** This will be typed. */
export function noteTyped(echo: Echo, body: string): void {
  const lines = pastable(body).replace(/\n$/, '').split('\n').slice(0, mostLines)
  const beginnings = lines.map((line) => line.slice(0, longestLine).trimEnd())
  echo.typed = [...echo.typed, ...beginnings].slice(-mostLines)
  echo.known = beginnings
  // It is shown as it is pasted, and again as it is entered.
  echo.editable += 2 * lines.length + 1
}

/** What of a line, raw, is no editing; null: nothing. */
export function withoutEditing(echo: Echo, raw: string): string | null {
  let kept = ''
  let rest = raw
  let wasEditing = false
  while (rest !== '') {
    const mark = echo.isEditing ? endsEditing : beginsEditing
    const at = rest.indexOf(mark)
    const piece = at === -1 ? rest : rest.slice(0, at)
    const isShown = !echo.isEditing || echo.editable <= 0
    wasEditing ||= !isShown
    kept += isShown ? piece : ''
    if (at === -1) {
      break
    }
    echo.isEditing = !echo.isEditing
    echo.typed = echo.isEditing ? echo.typed : []
    rest = rest.slice(at + mark.length)
  }
  if (wasEditing && echo.isEditing) {
    echo.editable -= 1
  }
  return wasEditing && kept.replaceAll('\r', '') === '' ? null : kept
}

/** Whether a line, as it is read, is what was typed; each is taken for that once, after a prompt always. */
export function isTyped(echo: Echo, line: string): boolean {
  const shown = line.trimEnd()
  const [next] = echo.typed
  if (next !== undefined && isBeginning(shown, next)) {
    echo.typed.shift()
    return true
  }
  return echo.known.some((typed) => {
    const start = typed === '' ? shown.length : shown.indexOf(typed)
    const isPrompted = start > 0 && prompt.test(`${shown.slice(0, start).trimEnd()} `)
    return isPrompted && isBeginning(shown.slice(start), typed)
  })
}

/** The whole line, or the beginning of one that is too long to be remembered. */
function isBeginning(shown: string, typed: string): boolean {
  return typed.length < longestLine ? shown === typed : shown.startsWith(typed)
}
