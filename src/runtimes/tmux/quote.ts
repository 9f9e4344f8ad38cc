/**
 * Words as tmux's own parser takes them back, to the byte: all but plain letters is octal.
 * Source: tmux(1), "Parsing syntax".
 */
export function quoteCommand(words: readonly string[]): string {
  return words.map((word) => `"${escapeOctal(word)}"`).join(' ')
}

/**
 * A shell command that goes into a folder and does the rest there. For `pipe-pane`, which expands
 * formats and dates in it: in octal there is nothing to expand, nor anything for the shell.
 */
export function inFolder(folder: string, rest: string): string {
  const octal = [...Buffer.from(`${folder}/.`)].map(toOctal).join('')
  return `cd "$(printf '${octal}')" && ${rest}`
}

function escapeOctal(text: string): string {
  if (/^[\w/.:=,+ -]*$/.test(text)) {
    return text
  }
  let escaped = ''
  for (const byte of Buffer.from(text)) {
    const letter = String.fromCharCode(byte)
    escaped += /[\w/.:=,+ -]/.test(letter) ? letter : toOctal(byte)
  }
  return escaped
}

function toOctal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`
}
