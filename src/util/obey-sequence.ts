import type { ControlSequence } from './control-sequence.ts'
import type { LineBuffer } from './line-buffer.ts'

/** Private modes of another screen. Source: xterm's ctlseqs, "DEC Private Mode Set". */
const otherScreen = /^\?(?:47|1047|1049)$/

/** What moves the cursor has few and short parameters. */
const mostParameters = 32
/** Last characters of what does something to a line. */
const effective = 'CaDG`KP@XbJABEFdeHfhl'
const numbers = /^\d*(?:;\d*)*$/

/**
 * Does to a line what a control character or sequence does on a terminal, as far as a line can
 * show it. What goes to another row ends the line; all else (colours, modes, questions to the
 * terminal, strings) does nothing.
 */
export function obey(sequence: ControlSequence, line: LineBuffer): void {
  const { kind, final } = sequence
  if (kind === 'character') {
    obeyCharacter(final, line)
  } else if (kind === 'csi') {
    obeyCsi(sequence, line)
  } else if (kind === 'escape' && sequence.parameters === '' && /^[DEMc]$/.test(final)) {
    // Index, next line, reverse index, reset.
    line.break()
  }
}

function obeyCharacter(character: string, line: LineBuffer): void {
  switch (character) {
    case '\b':
      return line.back(1)
    case '\r':
      return line.toColumn(0)
    case '\u000b':
    case '\u000c':
    case '\u0084':
    case '\u0085':
    case '\u008d':
      return line.break()
  }
}

function obeyCsi({ final, parameters }: ControlSequence, line: LineBuffer): void {
  if (parameters.length > mostParameters || !effective.includes(final)) {
    return
  }
  if (!numbers.test(parameters)) {
    if ((final === 'h' || final === 'l') && otherScreen.test(parameters)) {
      line.break()
    }
    return
  }
  const [number = 0, second = 0] = parameters.split(';').map(Number)
  const count = Math.max(number, 1)
  switch (final) {
    case 'C':
    case 'a':
      return line.forward(count)
    case 'D':
      return line.back(count)
    case 'G':
    case '`':
      return line.toColumn(count - 1)
    case 'K':
      return number === 2 ? line.clear() : number === 0 ? line.eraseRight() : undefined
    case 'P':
      return line.delete(count)
    case '@':
      return line.insert(count)
    case 'X':
      return line.blank(count)
    case 'b':
      return line.repeat(count)
    case 'J':
      return number === 0 ? line.eraseRight() : line.break()
    case 'A':
    case 'B':
    case 'E':
    case 'F':
    case 'd':
    case 'e':
      return line.break()
    case 'H':
    case 'f':
      return line.goTo(count, Math.max(second, 1) - 1)
  }
}
