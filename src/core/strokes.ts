/**
 * What a program at a terminal is told, as bytes of its run's `in`: one record after the other, each
 * a line of words and, where the last word counts bytes, so many bytes and a newline.
 *
 *     paste BYTES        pasted as one piece, bracketed where the program asked for that
 *     keys BYTES         typed as they are
 *     pause MS           nothing, for so long
 *     answer NAME BYTES  put whole into the file `answers/NAME` of the run's folder; the FIFO
 *                        `answers/NAME.bell` is rung, where who waits for the answer has made one
 *
 * The run itself performs them, in order, once each, whether or not a daemon lives.
 */
export type Stroke =
  | { stroke: 'paste' | 'keys'; text: string }
  | { stroke: 'pause'; ms: number }
  /** `name` is of letters, digits, `-`, `_`. */
  | { stroke: 'answer'; name: string; text: string }

/** Longest name of an answer, characters. */
const longestName = 100

/** The same strokes always give the same text. Throws for a name that is no file's name, or a pause that is no time. */
export function encodeStrokes(strokes: readonly Stroke[]): string {
  return strokes.map(encodeStroke).join('')
}

function encodeStroke(stroke: Stroke): string {
  switch (stroke.stroke) {
    case 'pause':
      if (!Number.isInteger(stroke.ms) || stroke.ms < 0) {
        throw new Error(`A pause of ${stroke.ms} ms can't be made.`)
      }
      return `pause ${stroke.ms}\n`
    case 'answer':
      if (!isAnswerName(stroke.name)) {
        throw new Error(`${JSON.stringify(stroke.name)} can't be the name of an answer.`)
      }
      return `answer ${stroke.name} ${counted(stroke.text)}`
    default:
      return `${stroke.stroke} ${counted(stroke.text)}`
  }
}

/** Whether an answer can have this name. */
export function isAnswerName(name: string): boolean {
  return name.length <= longestName && /^[A-Za-z0-9_-]+$/.test(name)
}

function counted(text: string): string {
  return `${Buffer.byteLength(text)}\n${text}\n`
}
