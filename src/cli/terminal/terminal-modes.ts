const set = (modes: readonly number[], how: 'h' | 'l'): string =>
  modes.map((mode) => `\u001B[?${mode}${how}`).join('')

/** Mouse in all its forms, focus, pastes, cursor keys, colour schemes, sizes, frames held back. */
const offModes = [
  9, 1000, 1001, 1002, 1003, 1005, 1006, 1015, 1016, 1004, 2004, 1, 5, 45, 66, 69, 2026, 2031, 2048,
]

/** Autowrap, the cursor. */
const onModes = [7, 25]

/** Every mode that a program may have set, but for its screen and margins, as in a terminal that was just opened. */
const otherModes = [
  set(offModes, 'l'),
  set(onModes, 'h'),
  // Insert, newline mode; keypad; character sets; colours; links; the cursor's form.
  '\u001B[4l\u001B[20l\u001B>\u001B(B\u001B)B\u000F\u001B[m\u001B]8;;\u001B\\\u001B[0 q',
  // Other ways of telling keys.
  '\u001B[>4m\u001B[<99u\u001B[=0;1u',
  // Colours that were changed.
  '\u001B]104\u001B\\\u001B]110\u001B\\\u001B]111\u001B\\\u001B]112\u001B\\',
].join('')

/** Ends a string that was cut off. */
const stringEnd = '\u001B\\'
/** And rows are counted from the first one. Moves the cursor there. */
const noMargins = '\u001B[r\u001B[?6l'
const mainScreen = '\u001B[?1049l'

/**
 * All modes are plain; what stands on the screen stays. The cursor is anywhere. Sources: xterm's
 * control sequences; the kitty keyboard protocol.
 */
export const plainModes = stringEnd + noMargins + mainScreen + otherModes

/** The same, and the cursor is in an empty row below the one in which it was; on the main screen, if that was another. */
export function leaveScreen(isAlternate: boolean): string {
  // Either moves the cursor; the main screen has its own place for it.
  const screen = isAlternate ? noMargins + mainScreen : `\u001B7${noMargins}${mainScreen}\u001B8`
  return `${stringEnd}${screen}${otherModes}\r\n\u001B[J`
}

/**
 * From the upper left corner on nothing stands there; what scrolled away stays. In two parts: some
 * terminals have a screen that is erased as a whole scroll away.
 */
export const emptyScreen = '\u001B[H\u001B[2K\u001B[2;1H\u001B[J\u001B[H'

/** The title of before is kept. */
export const pushTitle = '\u001B[22;2t'
export const popTitle = '\u001B[23;2t'
export const setTitle = (title: string): string => `\u001B]2;${title}\u001B\\`

/** Only so many rows scroll, the upper ones. */
export const topRows = (rows: number): string => `\u001B[1;${rows}r\u001B[H`

/** Text in a row, in reverse; the cursor stays where it was, and the pen. */
export const drawAt = (row: number, text: string): string =>
  `\u001B7\u001B[${row};1H\u001B[0;7m${text}\u001B[0m\u001B[K\u001B8`
