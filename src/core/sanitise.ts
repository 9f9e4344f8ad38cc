/**
 * Terminal control strings: CSI, OSC, DCS, SOS, PM and APC, in their 7-bit form, whole or cut off
 * at the end of the text. Source: ECMA-48, 5th edition, 5.4 and 5.6.
 */
const controlStrings =
  /\u001b\[[0-?]*[ -/]*(?:[@-~]|$)|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|\u001b|$)|\u001b[ -/]*(?:[0-~]|$)/g

/** What is left of C0 and C1, tab and newline excepted. */
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Text with nothing in it that a terminal would act on. A line that was overwritten is shown as it last stood. */
export function sanitise(text: string): string {
  return text
    .replace(controlStrings, '')
    .split('\n')
    .map(overwritten)
    .join('\n')
    .replace(controlCharacters, '')
}

/** After a carriage return writing begins again at the start of the line; what reaches further than all that came after it still shows. */
function overwritten(line: string): string {
  if (!line.includes('\r')) {
    return line
  }
  const shown: string[] = []
  let width = 0
  for (const part of line.split('\r').toReversed()) {
    if (part.length > width) {
      shown.push(part.slice(width))
      width = part.length
    }
  }
  return shown.join('')
}
