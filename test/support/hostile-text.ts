import fc from 'fast-check'

const pieces = [
  // Beginnings and ends of sequences.
  '\u001b \u001b[ \u001b] \u001bP \u001b_ \u001b\\ \u0007 \u0018 \u009b \u009d \u0090 \u009c',
  // Control characters.
  '\r \b \t \u0000 \u007f \u000b \u000c \u0084 \u0085',
  // What may stand in a sequence.
  '0 1 9 99 ; ? : [ m K C D G H P @ X b J',
  // Whole sequences.
  '\u001b[K \u001b[2K \u001b[1K \u001b[9C \u001b[999C \u001b[3D \u001b[7G \u001b[2P \u001b[3@',
  '\u001b[4X \u001b[5b \u001b[2;5H \u001b[2J \u001b[A \u001b[?1049h \u001b[31m',
  '\u001b]0;title\u0007 \u001b]8;;http://x\u001b\\',
  // Letters, and halves of some.
  'a word é e\u0301 世界 🐑 👩‍💻 \ud83d \udc11 \ufffd',
].flatMap((line) => line.split(' '))

/** Pieces that mean something to a terminal, whole and broken. No newlines. */
export const terminalPiece = fc.constantFrom(' ', ...pieces)

const anything = fc.string({ unit: 'binary', maxLength: 3 })

/** Text as a program would print it that means ill. */
export const hostileText = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: terminalPiece },
      { weight: 1, arbitrary: fc.constantFrom('\n', '\r\n') },
      { weight: 1, arbitrary: anything },
    ),
    { maxLength: 60 },
  )
  .map((each) => each.join(''))
