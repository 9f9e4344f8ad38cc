/**
 * Terminal control strings: CSI, OSC, DCS, SOS, PM and APC, in their 7-bit form, whole or cut off
 * at the end of the text. Source: ECMA-48, 5th edition, 5.4 and 5.6.
 */
const controlStrings = /\u001b\[[0-?]*[ -/]*(?:[@-~]|$)|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|\u001b|$)|\u001b[ -/]*(?:[0-~]|$)/g

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

/** After a carriage return writing begins again at the start of the line. */
function overwritten(line: string): string {
  const parts = line.replace(/\r+$/, '').split('\r')
  return parts.length === 1 ? (parts[0] ?? '') : parts.reduce((shown, part) => part + shown.slice(part.length), '')
}
