/**
 * Words as tmux's own parser takes them back, to the byte: all but plain letters is octal.
 * Source: tmux(1), "Parsing syntax".
 */
export function quoteCommand(words: readonly (string | Buffer)[]): string {
  return words.map((word) => `"${escapeOctal(word)}"`).join(' ')
}

/**
 * A shell command that goes into a folder and does the rest there. For `pipe-pane`, which expands
 * formats and dates in it: a name that is not plain is in octal, where there is nothing to expand, nor
 * anything for the shell.
 */
export function inFolder(folder: string, rest: string): string {
  if (/^[\w/.-]+$/.test(folder)) {
    return `cd ${folder} && ${rest}`
  }
  const octal = Array.from(Buffer.from(`${folder}/.`), toOctal).join('')
  return `cd "$(printf '${octal}')" && ${rest}`
}

const plainText = /^[\w/.:=,+ -]*$/

function escapeOctal(word: string | Buffer): string {
  if (typeof word === 'string' && plainText.test(word)) {
    return word
  }
  return Array.from(Buffer.from(word as string), (byte) => {
    const letter = String.fromCharCode(byte)
    return plainText.test(letter) ? letter : toOctal(byte)
  }).join('')
}

function toOctal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`
}
