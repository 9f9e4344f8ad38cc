const escapes = /\u001B\[[0-9;]*m/g
const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u
const invisible = /[\p{Mn}\p{Me}\p{Cf}]/u

/** Columns that text takes on a terminal; our own colour codes take none. */
export function textWidth(text: string): number {
  const bare = text.replace(escapes, '')
  if (/^[ -~]*$/.test(bare)) {
    return bare.length
  }
  let width = 0
  for (const character of bare) {
    width += characterWidth(character)
  }
  return width
}

/** Uncoloured text cut to so many columns, with `…` where something is missing. */
export function truncateText(text: string, columns: number): string {
  if (textWidth(text) <= columns) {
    return text
  }
  let width = 0
  let cut = ''
  for (const character of text) {
    width += characterWidth(character)
    if (width > columns - 1) {
      break
    }
    cut += character
  }
  return columns > 0 ? `${cut}…` : ''
}

/** Columns of one character: 0, 1 or 2. */
export function characterWidth(character: string): number {
  if (character >= ' ' && character <= '~') {
    return 1
  }
  return invisible.test(character) ? 0 : wide.test(character) ? 2 : 1
}
