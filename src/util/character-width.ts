const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u
const invisible = /[\p{Mn}\p{Me}\p{Cf}]/u

/** Columns of one character on a terminal: 0, 1 or 2. */
export function characterWidth(character: string): number {
  if (character >= ' ' && character <= '~') {
    return 1
  }
  return invisible.test(character) ? 0 : wide.test(character) ? 2 : 1
}
