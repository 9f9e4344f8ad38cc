/* eslint-disable no-control-regex */

/**
 * What a program asks a terminal and is answered as if it were typed: what the terminal is, where
 * its cursor stands, its modes, colours, size and clipboard. Sources: xterm's control sequences; the
 * kitty keyboard and graphics protocols.
 */
const questions = new RegExp(
  [
    '\\x05',
    '\\x1bZ',
    // what are you
    '\\x1b\\[[>=]?\\d*c',
    '\\x1b\\[>\\d*q',
    '\\x1b\\[[01]?x',
    // how are you: state, cursor, modes, keyboard, graphics
    '\\x1b\\[\\??[\\d;]*n',
    '\\x1b\\[\\??[\\d;]*\\$p',
    '\\x1b\\[\\?[\\d;]*[umS]',
    '\\x1b\\[[\\d;]*(?:\\*y|\\$w|"v|&u|#[RS|])',
    // which size and title have you
    '\\x1b\\[(?:11|1[3-6]|18|19|2[01])(?:;\\d*)*t',
    // settings, terminfo
    '\\x1bP[\\d;]*[$+]q[^\\x07\\x1b]*\\x1b\\\\',
    // colours, fonts, the clipboard
    '\\x1b\\](?:4|5|1\\d|2[12]|50|52|60|61);(?:[^\\x07\\x1b]*;)?\\?[^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)',
    '\\x1b\\]1337;Report[^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)',
    '\\x1b_G(?:[^;\\x1b]*,)?a=q[^\\x1b]*\\x1b\\\\',
  ].join('|'),
  'g',
)

/** What may go on to be one. A string that is longer than a question is none. */
const cutOff = /\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*|[\]P_][^\x07\x1b]{0,256}\x1b?|)$/

/** All rows are to scroll again. */
const allRows = /\x1b\[;?r/g

/** The program takes the other screen, or leaves it. */
const otherScreen = /\x1b\[\?(?:\d+;)*(?:1049|1047|47)(?:;\d+)*([hl])/g

const escape = 0x1b
const enquiry = 0x05

/**
 * What a program sends to its terminal, for those who look at it: without questions. The terminal
 * itself answers them, once; those who look would answer again, each for itself, into what is typed
 * there. Fed with pieces cut anywhere.
 */
export class QuestionFilter {
  /** The program is on the other screen, which programs that take the whole of it have. */
  isAlternate = false
  #held = ''
  #rows: number | null = null

  /**
   * A terminal that was just opened; nothing of what came counts. `rows`: all that it has, where
   * that is fewer than where it is drawn.
   */
  begin(rows: number | null): void {
    this.#held = ''
    this.#rows = rows
    this.isAlternate = false
  }

  push(bytes: Uint8Array): Uint8Array {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (this.#held === '' && !piece.includes(escape) && !piece.includes(enquiry)) {
      return piece
    }
    // One character for each byte, and back: nothing is changed but what is taken out.
    const all = (this.#held + piece.toString('latin1')).replace(questions, '')
    const text = this.#rows === null ? all : all.replace(allRows, `\u001B[1;${this.#rows}r`)
    for (const [, how] of text.matchAll(otherScreen)) {
      this.isAlternate = how === 'h'
    }
    this.#held = cutOff.exec(text)?.[0] ?? ''
    return Buffer.from(text.slice(0, text.length - this.#held.length), 'latin1')
  }
}
