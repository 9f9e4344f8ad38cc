import type { Commands } from './control-client.ts'

/** More than this goes by a buffer of tmux's, bytes. */
const fewBytes = 64
const portionBytes = 16 * 1024

/** Commands that type bytes as they are, in lines of commands. */
export function* typingCommands(target: string, bytes: Buffer): Generator<Commands> {
  // A buffer is a text, which ends at a NUL.
  const isShort = bytes.length <= fewBytes || bytes.includes(0)
  const portion = isShort ? fewBytes : portionBytes
  for (let begin = 0; begin < bytes.length; begin += portion) {
    const part = bytes.subarray(begin, begin + portion)
    yield isShort ? [sendKeys(target, part)] : sendBuffer(target, part)
  }
}

function sendKeys(target: string, bytes: Buffer): string[] {
  const keys = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
  return ['send-keys', '-H', '-t', target, ...keys]
}

function sendBuffer(target: string, bytes: Buffer): Commands {
  const name = `typed-${target.replace(/\W/g, '')}`
  return [
    ['set-buffer', '-b', name, bytes],
    ['paste-buffer', '-r', '-d', '-b', name, '-t', target],
  ]
}
