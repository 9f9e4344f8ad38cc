import { controlCharacter, controlInLine, readSequence } from './control-sequence.ts'
import { LineBuffer } from './line-buffer.ts'
import { obey } from './obey-sequence.ts'

const carriageReturn = 0x0d
const nextControl = new RegExp(controlCharacter, 'g')

/**
 * What a program printed as a person would read it on a terminal, and nothing that a terminal acts
 * on: no control characters but newline and tab. A line shows as it last stood, with what was
 * overwritten or erased in it gone; where the cursor goes to another row, a line ends. Each line
 * stands for itself: a sequence that a newline breaks takes nothing of the next one. Never throws;
 * takes time in proportion to the text.
 */
export function plainText(text: string): string {
  return controlInLine.test(text) ? text.split('\n').map(plainLine).join('\n') : text
}

function plainLine(line: string): string {
  const ended = withoutReturns(line)
  if (!controlInLine.test(ended)) {
    return ended
  }
  const buffer = new LineBuffer()
  drawLine(ended, buffer)
  return buffer.text()
}

/** Without the carriage returns that are part of the line's end. */
function withoutReturns(line: string): string {
  let end = line.length
  while (line.charCodeAt(end - 1) === carriageReturn) {
    end--
  }
  return end < line.length ? line.slice(0, end) : line
}

/** Draws text without newlines. The buffer counts the work. */
export function drawLine(text: string, buffer: LineBuffer): void {
  for (let position = 0; position < text.length;) {
    nextControl.lastIndex = position
    const control = nextControl.test(text) ? nextControl.lastIndex - 1 : text.length
    if (control > position) {
      buffer.write(text.slice(position, control))
    }
    if (control === text.length) {
      return
    }
    const sequence = readSequence(text, control)
    obey(sequence, buffer)
    position = sequence.end
  }
}
